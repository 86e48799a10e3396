using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Crds;

/// <summary>One fixture for all classes here.</summary>
[CollectionDefinition(Name)]
public sealed class CrdTests : ICollectionFixture<CrdFixture>
{
    /// <summary>The collection.</summary>
    public const string Name = "CRDs";
}

/// <summary>The definitions of config/ on the shared control plane, in the form that its release takes.</summary>
public sealed class CrdFixture : IAsyncLifetime
{
    private readonly ControlPlaneFixture _shared = new();
    private readonly ConcurrentBag<string> _created = [];

    /// <summary>The control plane.</summary>
    public TestKit.ControlPlane ControlPlane => _shared.ControlPlane;

    /// <summary>The kustomization for the server's release.</summary>
    public static string Kustomization => Release.Installed.Minor switch
    {
        <= 22 => "config/crd-1.20",
        >= 31 => "config/crd-1.31",
        _ => "config/crd",
    };

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await _shared.InitializeAsync();
        await ApplyAsync(Kustomization);
        await ControlPlane.AdminAsync(
            ["wait", "--for=condition=Established", Eventually.KubectlTimeout, "crd", "-l", "app.kubernetes.io/name=breakglass-operator"]);

        // A definition is established before its schema is published, by which kubectl explains and checks fields.
        var kinds = await ControlPlane.AdminAsync(
            ["get", "crd", "-l", "app.kubernetes.io/name=breakglass-operator", "-o", "jsonpath={.items[*].spec.names.plural}"]);
        foreach (var kind in kinds.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            await Eventually.TrueAsync(
                async () => (await ControlPlane.KubectlAsync(ControlPlane.AdminKubeconfig, ["explain", kind])).ExitCode == 0,
                expected: $"the published schema of {kind}");
        }
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        // Other tests of this process count what is there.
        if (!_created.IsEmpty) await ControlPlane.AdminAsync(["delete", "--ignore-not-found", "--wait=false", .. _created]);
        await _shared.DisposeAsync();
    }

    /// <summary>Applies a kustomization. Tests beside this one may be applying the same objects, which one of the two then has to do again.</summary>
    public async Task<string> ApplyAsync(string kustomization)
    {
        CommandResult result;
        var left = 5;
        do
        {
            result = await ControlPlane.KubectlAsync(ControlPlane.AdminKubeconfig, ["apply", "-k", Path.Combine(Golden.RepositoryRoot, kustomization)]);
        }
        while (result.ExitCode != 0 && --left > 0
            && (result.Error.Contains("AlreadyExists", StringComparison.Ordinal) || result.Error.Contains("Conflict", StringComparison.Ordinal)));
        return result.OrThrow();
    }

    /// <summary>Creates an object and gives it as the server stored it.</summary>
    public async Task<JsonNode> CreateAsync(string kind, string name, string spec)
    {
        RemoveAtTheEnd(kind, name);
        return JsonNode.Parse(await ControlPlane.AdminAsync(["create", "-o", "json", "-f", "-"], Manifest(kind, name, spec)))!;
    }

    /// <summary>Has an object deleted when the test class is done.</summary>
    public void RemoveAtTheEnd(string kind, string name) => _created.Add($"{kind}.v1alpha1.breakglass.dev/{name}");

    /// <summary>Creates an object that must be refused, and gives what the person reads.</summary>
    public async Task<string> RefusalAsync(string kind, string name, string spec)
    {
        var result = await ControlPlane.KubectlAsync(ControlPlane.AdminKubeconfig, ["create", "-f", "-"], Manifest(kind, name, spec));
        result.ExitCode.Should().NotBe(0, $"{spec} should be refused");
        return result.Error;
    }

    /// <summary>Changes an object by a merge patch.</summary>
    public Task<CommandResult> PatchAsync(string resource, string name, string patch, params string[] more) =>
        ControlPlane.KubectlAsync(ControlPlane.AdminKubeconfig, ["patch", resource, name, "--type=merge", "-p", patch, .. more]);

    private static string Manifest(string kind, string name, string spec) =>
        $"apiVersion: breakglass.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n";
}
