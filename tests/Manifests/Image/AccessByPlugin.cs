using FluentAssertions;
using Manifests.Chart;
using TestKit;

namespace Manifests.Image;

/// <summary>The shortest use of everything that is shipped: Alice requests access with the plugin, uses it, and revokes it.</summary>
internal static class AccessByPlugin
{
    /// <param name="cluster">A cluster with a ready operator.</param>
    /// <param name="plugin">Runs the plugin with these arguments as Alice, who is in the group <c>on-call</c>.</param>
    public static async Task GiveAndEndAsync(ControlPlane cluster, Func<string[], Task<ToolResult>> plugin)
    {
        await cluster.AdminAsync(["apply", "-f", "-"], """
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassPolicy
            metadata: {name: payments}
            spec:
              mode: BreakGlass
              requesters: [{kind: Group, name: on-call}]
              access: [{name: all, roleRef: {kind: ClusterRole, name: view}, namespaces: [default]}]
              duration: {default: 30m, max: 1h}
              review: {reviewers: [{kind: Group, name: security}]}
            """);
        var asked = await plugin(["request", "payments", "--reason=checkout returns 5xx since the deploy", "--output-kubeconfig=-"]);
        asked.ExitCode.Should().Be(0, asked.Error);
        var kubeconfig = Path.Combine(cluster.Directory, "granted");
        await File.WriteAllTextAsync(kubeconfig, asked.Output);
        (await cluster.KubectlAsync(kubeconfig, ["get", "pods", "-n", "default"])).OrThrow();

        var grant = (await cluster.AdminAsync(["get", "breakglassgrants", "-o", "name"])).Trim().Split('/')[^1];
        var revoked = await plugin(["revoke", grant]);
        revoked.ExitCode.Should().Be(0, revoked.Error);
        await cluster.AdminAsync(["wait", "--for=condition=Revoked", $"breakglassgrant/{grant}", "--timeout=60s"]);
        (await cluster.KubectlAsync(kubeconfig, ["get", "pods", "-n", "default"])).ExitCode.Should().NotBe(0);
    }
}
