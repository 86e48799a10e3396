using System.Text.Json;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration;

/// <summary>The shared control plane is a real one, and its identities are the ones asked for.</summary>
public sealed class ControlPlaneTests(ControlPlaneFixture fixture) : IClassFixture<ControlPlaneFixture>
{
    private readonly ControlPlane _controlPlane = fixture.ControlPlane;

    [Fact]
    public async Task The_server_has_the_release_of_the_binaries()
    {
        var answer = JsonDocument.Parse(await _controlPlane.AdminAsync(["get", "--raw", "/version"]));

        Release.Parse(answer.RootElement.GetProperty("gitVersion").GetString()!).Should().Be(_controlPlane.ServerVersion).And.Be(Release.Installed);
    }

    [Fact]
    public async Task A_user_without_rules_is_known_by_name_and_may_do_nothing()
    {
        var kubeconfig = await _controlPlane.UserKubeconfigAsync("mallory@example.com");

        var answer = await _controlPlane.KubectlAsync(kubeconfig, ["get", "secrets"]);

        answer.ExitCode.Should().NotBe(0);
        answer.Error.Should().Contain("User \"mallory@example.com\" cannot list resource \"secrets\"");
    }

    [Theory]
    [InlineData("carol", "payments-oncall", "payments-oncall")]
    [InlineData("dora", "with/slash+and=signs", "other")]
    public async Task A_users_groups_are_those_of_the_certificate(string user, string first, string second)
    {
        var group = $"{first}-{Guid.NewGuid():N}";
        await _controlPlane.AdminAsync(["create", "clusterrolebinding", $"groups-{Guid.NewGuid():N}", "--clusterrole=view", $"--group={group}"]);
        var member = await _controlPlane.UserKubeconfigAsync(user, [second, group]);
        var stranger = await _controlPlane.UserKubeconfigAsync(user, [second]);

        await MayAsync(member, "get", "configmaps");
        (await _controlPlane.KubectlAsync(stranger, ["get", "configmaps"])).Error.Should().Contain("Forbidden");
    }

    [Fact]
    public async Task A_service_account_works_with_a_token_and_the_aggregated_roles_hold_their_rules()
    {
        var ns = $"sa-{Guid.NewGuid():N}";
        await _controlPlane.AdminAsync(["create", "namespace", ns]);
        await _controlPlane.AdminAsync(["create", "serviceaccount", "robot", "-n", ns]);
        await _controlPlane.AdminAsync(["create", "rolebinding", "robot", "--clusterrole=edit", $"--serviceaccount={ns}:robot", "-n", ns]);
        var kubeconfig = await _controlPlane.ServiceAccountKubeconfigAsync(ns, "robot");

        await MayAsync(kubeconfig, "get", "configmaps");
        (await _controlPlane.KubectlAsync(kubeconfig, ["create", "configmap", "made-by-robot"])).OrThrow();
        (await _controlPlane.KubectlAsync(kubeconfig, ["get", "configmaps", "-n", "default"])).Error
            .Should().Contain($"User \"system:serviceaccount:{ns}:robot\" cannot list");
    }

    [Fact]
    public async Task A_service_account_that_is_not_there_gets_no_kubeconfig_and_the_reason()
    {
        var asking = () => _controlPlane.ServiceAccountKubeconfigAsync("default", "nobody");

        (await asking.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*default/nobody*not found*");
    }

    [Fact]
    public async Task The_audit_log_has_every_request_and_no_body()
    {
        var name = $"audited-{Guid.NewGuid():N}";
        await _controlPlane.AdminAsync(["create", "secret", "generic", name, "--from-literal=key=not-for-the-log"]);
        await _controlPlane.AdminAsync(["get", "secret", name, "-o", "yaml"]);

        // The server writes the line after the answer.
        var log = "";
        string[] told = [$"\"name\":\"{name}\"", "\"verb\":\"get\"", "\"username\":\"admin\""];
        await Eventually.TrueAsync(
            async () => (log = await ReadSharedAsync(_controlPlane.AuditLog)).Split('\n')
                .Any(line => told.All(t => line.Contains(t, StringComparison.Ordinal))),
            expected: $"a line of the audit log with {string.Join(" and ", told)}");
        log.Should().NotContainAny("requestObject", "responseObject", "not-for-the-log", Convert.ToBase64String("not-for-the-log"u8));
    }

    [Fact]
    public async Task A_namespace_that_is_deleted_goes_with_all_that_is_in_it()
    {
        var ns = $"gone-{Guid.NewGuid():N}";
        await _controlPlane.AdminAsync(["create", "namespace", ns]);
        await _controlPlane.AdminAsync(["create", "configmap", "inside", "-n", ns]);

        await _controlPlane.AdminAsync(["delete", "namespace", ns, "--wait", Eventually.KubectlTimeout]);

        (await _controlPlane.KubectlAsync(_controlPlane.AdminKubeconfig, ["get", "namespace", ns])).Error.Should().Contain("NotFound");
    }

    [ServerFact(MinMinor = 20)]
    public void A_test_that_this_release_can_run_is_not_skipped() => _controlPlane.ServerVersion.Should().BeGreaterThanOrEqualTo(new Version(1, 20));

    [Fact]
    public void A_test_that_needs_a_newer_release_says_which_and_what_was_found() =>
        new ServerFactAttribute { MinMinor = 9999 }.Skip.Should().Contain("1.9999").And.Contain(Release.Installed.ToString());

    /// <summary>Waits until somebody may do something: the authorizer sees a binding a moment after it was made.</summary>
    private async Task MayAsync(string kubeconfig, params string[] command)
    {
        CommandResult? answer = null;
        await Eventually.TrueAsync(
            async () => (answer = await _controlPlane.KubectlAsync(kubeconfig, command)).ExitCode == 0, () => answer?.Error ?? "",
            expected: string.Join(' ', command));
    }

    private static async Task<string> ReadSharedAsync(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return await reader.ReadToEndAsync();
    }
}
