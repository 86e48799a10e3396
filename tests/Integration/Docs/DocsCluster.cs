using System.Runtime.Versioning;
using FluentAssertions;
using Integration.Install;
using TestKit;
using Xunit;

namespace Integration.Docs;

/// <summary>A cluster on which the product is installed by its chart, with real webhooks, and a shell in which pages are tried.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DocsCluster : IAsyncLifetime
{
    // What scenes are made with.
    private const string Functions = """
        set -euo pipefail
        policy() { # policy NAME [MODE]: edit in the namespace payments for those on call
            kubectl apply -f - <<END
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassPolicy
        metadata: {name: $1}
        spec:
          mode: ${2:-BreakGlass}
          requesters: [{kind: Group, name: payments-oncall}]
          access: [{name: payments, roleRef: {kind: ClusterRole, name: edit}, namespaces: [payments]}]
          duration: {default: 30m, max: 1h}
          justification: {minLength: 20}
          $([ "${2:-}" != JustInTime ] || echo 'approval: {required: 1, approvers: [{kind: Group, name: incident-commanders}], timeout: 15m}')
          review: {required: true, within: 24h, reviewers: [{kind: Group, name: security}]}
        END
            kubectl wait --for=condition=Ready "bgp/$1" --timeout=110s
        }
        asked() { # asked NAME [POLICY]: alice asks
            kubectl --kubeconfig "$alice" create -f - <<END
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassGrant
        metadata: {name: $1}
        spec: {policy: ${2:-payments-oncall}, justification: checkout returns 5xx since the deploy, ticket: INC-4711}
        END
        }
        active() { asked "$@"; kubectl wait --for=condition=Active "bgg/$1" --timeout=110s; }
        over() { active "$@"; kubectl patch "bgg/$1" --type=merge -p '{"spec":{"revoke":{"reason":"done"}}}'; kubectl wait --for=condition=Active=false "bgg/$1" --timeout=110s; }
        """;

    // Records are kept, and the validating webhook sees to it: for the next page it is away for a moment.
    private const string Reset = """
        kubectl delete bgl,bgp --all --timeout=110s
        if [ -n "$(kubectl get bgg,bga,bgr -o name)" ]; then
            kubectl get validatingwebhookconfiguration breakglass-operator -o yaml | sed '/^  \(resourceVersion\|uid\|selfLink\):/d' > validating.yaml
            kubectl delete validatingwebhookconfiguration breakglass-operator
            until kubectl delete bgg,bga,bgr --all --timeout=110s; do sleep 0.3; done
            kubectl create -f validating.yaml
        fi
        kubectl get namespace payments || kubectl create namespace payments
        kubectl -n breakglass-system delete job reap-now --ignore-not-found
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-docs-").FullName;
    private TestCluster? _cluster;
    private RunningOperator? _operator;
    private Dictionary<string, string> _environment = [];

    internal TestCluster Cluster => _cluster!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        Kubelet? kubelet = null;
        _cluster = await TestCluster.StartAsync(async controlPlane =>
        {
            kubelet = new(controlPlane);
            await Helm.RunAsync(
                controlPlane, "install", "breakglass", Helm.Chart, "--create-namespace", "--set", $"webhook.url={kubelet.WebhookUrl}",
                "--set", "userRoles.groups.requester={payments-oncall},userRoles.groups.approver={incident-commanders}", "--set",
                "userRoles.groups.reviewer={security}");
        });
        _environment = await EnvironmentAsync(_cluster.ControlPlane, _directory);
        _environment["webhook"] = kubelet!.WebhookUrl;
        _operator = await kubelet.StartOperatorAsync();
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Types a whole page.</summary>
    internal async Task TypeAsync(Page page)
    {
        await RunAsync("admin", Reset + "\n" + page.Scene, $"the scene of {page.File}");
        foreach (var fence in Fences.Of(page.File))
        {
            var special = page.SpecialOf(fence);
            if (special.NotRun is not null || Release.Installed.Minor < special.MinMinor) continue;
            if (special.Before.Length > 0) await RunAsync("admin", special.Before, $"what comes before {fence}");
            var commands = special.Fill.Aggregate(fence.Commands, (text, fill) => text.Contains(fill.From, StringComparison.Ordinal)
                ? text.Replace(fill.From, fill.To, StringComparison.Ordinal)
                : throw new InvalidOperationException($"'{fill.From}' was expected to stand in {fence}"));
            await RunAsync(special.Person ?? page.Person, commands, fence.ToString());
            if (special.After.Length > 0) await RunAsync("admin", special.After, $"what comes after {fence}");
        }
    }

    /// <summary>The people and the tools, as the variables of a shell; the tools go into a directory of their own.</summary>
    internal static async Task<Dictionary<string, string>> EnvironmentAsync(TestKit.ControlPlane controlPlane, string directory)
    {
        var bin = Directory.CreateDirectory(Path.Combine(directory, "bin")).FullName;
        Executable.Write(Path.Combine(bin, "kubectl-breakglass"), $"#!/bin/sh\nexec dotnet '{Cli.Plugin.Binary}' \"$@\"\n");
        File.CreateSymbolicLink(Path.Combine(bin, "helm"), await Helm.EnsureAsync("helm"));
        foreach (var name in (string[])["config", "charts", "deploy", "docs", "hack"])
            Directory.CreateSymbolicLink(Path.Combine(directory, name), Path.Combine(Golden.RepositoryRoot, name));
        return new()
        {
            ["PATH"] = $"{bin}:{Environment.GetEnvironmentVariable("PATH")}",
            ["HOME"] = Path.Combine(directory, "home"),
            ["XDG_CACHE_HOME"] = Path.Combine(directory, "home", ".cache"),
            ["directory"] = controlPlane.Directory,
            ["server"] = controlPlane.Server.OriginalString,
            ["admin"] = controlPlane.AdminKubeconfig,
            ["alice"] = await controlPlane.UserKubeconfigAsync("alice", ["payments-oncall"]),
            ["carol"] = await controlPlane.UserKubeconfigAsync("carol", ["incident-commanders"]),
            ["rita"] = await controlPlane.UserKubeconfigAsync("rita", ["security"]),
        };
    }

    private async Task RunAsync(string person, string commands, string what)
    {
        var environment = new Dictionary<string, string>(_environment) { ["KUBECONFIG"] = _environment[person] };
        var (code, output) = await Shell.RunAsync("bash", ["-c", $"{Functions}\n{commands}"], environment, _directory);
        code.Should().Be(0, $"{what} says\n{output}".Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
    }
}
