using System.Text.Json.Nodes;
using BreakGlass.Core.Model;
using TestKit;

namespace Integration.Guard;

/// <summary>A grant's identity tries every write of the guard's table on the real API, each on an object that would be valid.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="identity">The kubeconfig of the grant's identity.</param>
/// <param name="id">A part of names.</param>
internal sealed class TableWalk(TestCluster cluster, string identity, string id)
{
    private const string Crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";

    private readonly List<string> _reached = [];

    /// <summary>Which writes were not refused by the guard, and with what answer.</summary>
    public List<string> Missed { get; } = [];

    /// <summary>The rows of which some operation was never tried, on this server's API.</summary>
    public IEnumerable<string> NotWalked => GuardTable.Rows
        .Where(
        row => !row.Group.EndsWith(".openshift.io", StringComparison.Ordinal) && (row.Group != "admissionregistration.k8s.io" || GuardedCluster.HasPolicies))
        .SelectMany(row => row.Operations.Select(operation => $"{operation} {row.Way} {row.Mark} of '{row.Group}'"))
        .Except(_reached);

    public async Task WalkAsync()
    {
        foreach (var sample in await SamplesAsync())
        {
            // The webhook of older servers is not asked about the status of our kinds.
            if (sample is { Subresource: "status", Row: "OwnKinds None of 'breakglass.dev'" } && !GuardedCluster.HasPolicies) continue;

            if (sample.Prepare && sample.Operations.Any(o => o != "CREATE"))
                await cluster.ControlPlane.AdminAsync(["create", "--raw", sample.Collection, "-f", "-"], sample.Manifest("there"));
            foreach (var operation in sample.Operations) await TryAsync(sample, operation);
            if (sample.Prepare && sample.Operations.Any(o => o != "CREATE"))
                await cluster.ControlPlane.AdminAsync(["delete", "--raw", sample.Path("there", subresource: false)]);
        }
    }

    private async Task TryAsync(Sample sample, string operation)
    {
        var answer = operation switch
        {
            "CREATE" => await KubectlAsync(
                ["create", "--raw", sample.Subresource is null ? sample.Collection : sample.Path("there"), "-f", "-"], sample.Manifest("new")),
            "DELETE" => await KubectlAsync(["delete", "--raw", $"{sample.Path("there")}?dryRun=All"]),
            _ => await UpdateAsync(sample),
        };
        if (!answer.Error.Contains("persistence guard refuses", StringComparison.Ordinal))
            Missed.Add($"{operation} {sample.Path("…")}: {answer.ExitCode} {answer.Error}");
        _reached.Add($"{operation} {sample.Row}");
    }

    private async Task<CommandResult> UpdateAsync(Sample sample)
    {
        var there = JsonNode.Parse(await cluster.AdminAsync("get", "--raw", sample.Path("there", subresource: false)))!;
        there["metadata"]!["labels"] = new JsonObject { ["mine"] = id };
        there["metadata"]!.AsObject().Remove("managedFields");
        return await KubectlAsync(["replace", "--raw", sample.Path("there"), "-f", "-"], there.ToJsonString());
    }

    private Task<CommandResult> KubectlAsync(string[] arguments, string? input = null) =>
        TooSlow.AgainAsync(() => cluster.ControlPlane.KubectlAsync(identity, arguments, input));

    private async Task<IReadOnlyList<Sample>> SamplesAsync()
    {
        string[] all = ["CREATE", "UPDATE", "DELETE"], write = ["CREATE", "UPDATE"], update = ["UPDATE"];
        var flow = await VersionAsync("flowcontrol.apiserver.k8s.io");
        var shares = flow is "v1beta1" or "v1beta2" ? "assuredConcurrencyShares" : "nominalConcurrencyShares";
        var flowSchema = (string name) =>
            $$"""{"apiVersion":"flowcontrol.apiserver.k8s.io/{{flow}}","kind":"FlowSchema","metadata":{"name":"{{name}}"},"spec":"""
                + $$"""{"matchingPrecedence":9000,"priorityLevelConfiguration":{"name":"catch-all"} } }""";
        var level = (string name) =>
            $$"""{"apiVersion":"flowcontrol.apiserver.k8s.io/{{flow}}","kind":"PriorityLevelConfiguration","metadata":{"name":"{{name}}"},"spec":"""
                + $$"""{"type":"Limited","limited":{"{{shares}}":1,"limitResponse":{"type":"Reject"} } } }""";
        var flows = $"/apis/flowcontrol.apiserver.k8s.io/{flow}";
        List<Sample> samples =
        [
            new("OwnKinds None of 'breakglass.dev'", "/apis/breakglass.dev/v1alpha1/breakglasslockdowns", all,
                name => $$$"""{"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassLockdown","metadata":{"name":"{{{name}}}"},"spec":{"reason":"a """
                    + $$$"""table","policySelector":{"matchLabels":{"no":"policy"} } } }""", id),
            new("OwnKinds None of 'breakglass.dev'", "/apis/breakglass.dev/v1alpha1/breakglasslockdowns", update,
                name => $$$"""{"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassLockdown","metadata":{"name":"{{{name}}}"},"spec":{"reason":"a """
                    + $$$"""table","policySelector":{"matchLabels":{"no":"policy"} } } }""", id) { Subresource = "status" },
            new("OwnKinds OurName of 'apiextensions.k8s.io'", Crd, all, name => Definition(name, ".breakglass.dev"), id) { Suffix = ".breakglass.dev" },
            new("OwnKinds OurName of 'apiextensions.k8s.io'", Crd, update, name => Definition(name, ".breakglass.dev"),
                id) { Suffix = ".breakglass.dev", Subresource = "status" },
            new("Webhooks ConversionWebhook of 'apiextensions.k8s.io'", Crd, write, name => Definition(name, ".example.com"), id) { Suffix = ".example.com" },
            new("OwnKinds OurName of 'apiregistration.k8s.io'", "/apis/apiregistration.k8s.io/v1/apiservices", all,
                name => ApiService(name, ".breakglass.dev"), id) { Prefix = "v1.", Suffix = ".breakglass.dev" },
            new("Webhooks None of 'apiregistration.k8s.io'", "/apis/apiregistration.k8s.io/v1/apiservices", all, name => ApiService(name, ".example.com"),
                id) { Prefix = "v1.", Suffix = ".example.com" },
            new("OwnKinds OurName of 'flowcontrol.apiserver.k8s.io'", $"{flows}/flowschemas", all, flowSchema, id) { Prefix = "breakglass-" },
            new("OwnKinds OurName of 'flowcontrol.apiserver.k8s.io'", $"{flows}/prioritylevelconfigurations", all, level, id) { Prefix = "breakglass-" },
            new("Webhooks None of 'flowcontrol.apiserver.k8s.io'", $"{flows}/flowschemas", all, flowSchema, id),
            new("Webhooks None of 'flowcontrol.apiserver.k8s.io'", $"{flows}/prioritylevelconfigurations", all, level, id),
            new("OwnKinds OurName of 'scheduling.k8s.io'", "/apis/scheduling.k8s.io/v1/priorityclasses", all,
                name => $$"""{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"{{name}}"},"value":1}""",
                id) { Prefix = "breakglass-" },
            new("OwnNamespaces OurNamespace of ''", "/api/v1/namespaces", all,
                _ => """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"breakglass-grants"} }""", id) { Fixed = "breakglass-grants" },
            new("OwnNamespaces OurNamespace of ''", "/api/v1/namespaces", update, _ => "", id) { Fixed = "breakglass-system", Subresource = "finalize" },
            new("OwnNamespaces OurNamespace of ''", "/api/v1/namespaces", update, _ => "", id) { Fixed = "breakglass-system", Subresource = "status" },
            new("Rbac IdentityMapping of ''", "/api/v1/namespaces/kube-system/configmaps", write,
                _ => """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"aws-auth","namespace":"kube-system"} }""", id)
                { Fixed = "aws-auth", Prepare = true },
            new("Csr TrustedCertificates of ''", "/api/v1/namespaces/kube-system/configmaps", write,
                _ => """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"extension-apiserver-authentication","namespace":"kube-system"} }""",
                id) { Fixed = "extension-apiserver-authentication" },
            new("Tokens None of ''", "/api/v1/namespaces/default/serviceaccounts", ["CREATE"],
                _ => """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":86400} }""", id)
                { Fixed = "default", Subresource = "token" },
            new("Tokens TokenType of ''", "/api/v1/namespaces/default/secrets", write, name =>
                $$"""{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"{{name}}","annotations":"""
                    + $$"""{"kubernetes.io/service-account.name":"default"} } }""", id),
            new("Tokens TokenType of ''", "/api/v1/namespaces/kube-system/secrets", write, name =>
                $$"""{"apiVersion":"v1","kind":"Secret","type":"bootstrap.kubernetes.io/token","metadata":{"name":"{{name}}"},"stringData":"""
                    + $$"""{"token-id":"abc{{name[^3..]}}","token-secret":"0123456789abcdef"} }""", id)
                { Prefix = "bootstrap-token-", Short = true },
            new("Csr None of 'certificates.k8s.io'", "/apis/certificates.k8s.io/v1/certificatesigningrequests", write, Csr, id),
            new("Csr None of 'certificates.k8s.io'", "/apis/certificates.k8s.io/v1/certificatesigningrequests", update, Csr, id) { Subresource = "approval" },
            new("Csr None of 'certificates.k8s.io'", "/apis/certificates.k8s.io/v1/certificatesigningrequests", update, Csr, id) { Subresource = "status" },
        ];
        foreach (var (kind, collection, rest) in ((string, string, string)[])[
            ("Role", $"{Rbac}/namespaces/default/roles", "\"rules\":[]"),
            ("ClusterRole", $"{Rbac}/clusterroles", "\"rules\":[]"),
            ("RoleBinding", $"{Rbac}/namespaces/default/rolebindings",
                """ "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[] """),
            ("ClusterRoleBinding", $"{Rbac}/clusterrolebindings",
                """ "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[] """)])
        {
            string Manifest(string name) => $$"""{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"{{kind}}","metadata":{"name":"{{name}}"},{{rest}}}""";
            samples.Add(new("Rbac None of 'rbac.authorization.k8s.io'", collection, all, Manifest, id));
            samples.Add(new("OwnKinds OurName of 'rbac.authorization.k8s.io'", collection, all, Manifest, id) { Prefix = "breakglass-" });
        }

        // No webhook is asked about these, and before 1.30 nothing else is.
        foreach (var kind in GuardedCluster.HasPolicies ? (string[])["Mutating", "Validating"] : [])
        {
            var collection = $"/apis/admissionregistration.k8s.io/v1/{(kind == "Mutating" ? "mutating" : "validating")}webhookconfigurations";
            string Manifest(string name) =>
                $$"""{"apiVersion":"admissionregistration.k8s.io/v1","kind":"{{kind}}WebhookConfiguration","metadata":{"name":"{{name}}"},"webhooks":[]}""";
            samples.Add(new("Webhooks None of 'admissionregistration.k8s.io'", collection, all, Manifest, id));
            samples.Add(new("OwnKinds OurName of 'admissionregistration.k8s.io'", collection, all, Manifest, id) { Prefix = "breakglass-" });
        }

        return samples;
    }

    private async Task<string> VersionAsync(string group) =>
        JsonNode.Parse(await cluster.AdminAsync("get", "--raw", $"/apis/{group}"))!["preferredVersion"]!["version"]!.GetValue<string>();

    private static string Csr(string name) => PersistenceAttempts.CertificateRequest(name);

    private static string ApiService(string name, string suffix)
    {
        var group = name["v1.".Length..];
        return $$"""{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"{{name}}"},"spec":"""
            + $$"""{"group":"{{group}}","version":"v1","groupPriorityMinimum":1,"versionPriority":1} }""";
    }

    private static string Definition(string name, string suffix)
    {
        var plural = name[..^suffix.Length];
        return $$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{name}}"},"spec":{"group":"{{suffix[1..]}}","scope":"Cluster",
            "names":{"plural":"{{plural}}","singular":"{{plural}}","kind":"K{{plural}}","listKind":"K{{plural}}List"},
            "conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":{"url":"https://127.0.0.1:1/"} } },
            "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} } }]} }
            """;
    }

    /// <summary>An object of one row's kind.</summary>
    private sealed record Sample(string Row, string Collection, IReadOnlyList<string> Operations, Func<string, string> Body, string Id)
    {
        private readonly bool? _prepare;

        public string Prefix { get; init; } = "";

        public string Suffix { get; init; } = "";

        public string? Subresource { get; init; }

        /// <summary>The name of an object that is there already.</summary>
        public string? Fixed { get; init; }

        public bool Short { get; init; }

        /// <summary>Whether the administrator makes one to be changed.</summary>
        public bool Prepare
        {
            get => _prepare ?? Fixed is null;
            init => _prepare = value;
        }

        public string Manifest(string which) => Body(Name(which));

        public string Path(string which, bool subresource = true) => $"{Collection}/{Name(which)}{(subresource && Subresource is { } sub ? $"/{sub}" : "")}";

        private string Name(string which) => Fixed ?? (Short
            ? $"{Prefix}abc{(which == "new" ? "new" : "the")}" : $"{Prefix}{which.Replace("…", "x", StringComparison.Ordinal)}{Subresource}{Id}{Suffix}");
    }
}
