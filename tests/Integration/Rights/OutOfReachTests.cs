using System.Text.Json.Nodes;
using FluentAssertions;
using Integration.Alone;
using k8s.Models;
using Xunit;

namespace Integration.Rights;

/// <summary>
/// What somebody with the operator's token cannot do: tried as the operator, and asked of the real authorizer for every kind that the server has.
/// </summary>
[Collection(nameof(OneCluster))]
public sealed class OutOfReachTests(OwnCluster own)
{
    private const string Operator = "system:serviceaccount:breakglass-system:breakglass-operator";

    /// <summary>Writes that the operator may make in any namespace, or to what has none.</summary>
    private static readonly string[] Anywhere =
    [
        "patch breakglassgrants.breakglass.dev", "delete breakglassgrants.breakglass.dev", "update breakglassgrants/status.breakglass.dev",
        "patch breakglasspolicies.breakglass.dev", "update breakglasspolicies/status.breakglass.dev", "update breakglasslockdowns/status.breakglass.dev",
        "patch breakglassapprovals.breakglass.dev", "patch breakglassreviews.breakglass.dev", "patch breakglasslockdowns.breakglass.dev",
        "update breakglassdrills/status.breakglass.dev", "patch breakglassauthorities.breakglass.dev",
        "update breakglassauthorities/status.breakglass.dev",
        .. from kind in (string[])["rolebindings", "clusterrolebindings"] from verb in (string[])["create", "patch", "delete"]
            select $"{verb} {kind}.rbac.authorization.k8s.io",
        "create breakglasssessions.breakglass.dev", "patch breakglasssessions.breakglass.dev", "patch breakglasssessions/status.breakglass.dev",
        "create subjectaccessreviews.authorization.k8s.io", "create selfsubjectaccessreviews.authorization.k8s.io",
        "create tokenreviews.authentication.k8s.io",
    ];

    // The server gives these to whoever is authenticated (ClusterRoles system:basic-user and system:discovery).
    private static readonly string[] Everybodys = ["create selfsubjectrulesreviews.authorization.k8s.io", "create selfsubjectreviews.authentication.k8s.io"];

    private readonly TestCluster _cluster = own.Cluster;

    [Theory]
    [InlineData("get secrets -n kube-system")]
    [InlineData("get secrets -n default")]
    [InlineData("get secrets -A")]
    [InlineData("get pods -A")]
    [InlineData("run intruder --image=none -n default")]
    [InlineData("run intruder --image=none -n breakglass-grants")]
    [InlineData("create clusterrolebinding intruder --clusterrole=cluster-admin --serviceaccount=breakglass-system:breakglass-operator")]
    [InlineData("create rolebinding intruder --clusterrole=cluster-admin --user=mallory -n kube-system")]
    [InlineData("create rolebinding intruder --clusterrole=system:node --user=mallory -n kube-system")]
    [InlineData("create rolebinding intruder --role=extension-apiserver-authentication-reader --user=mallory -n kube-system")]
    [InlineData("create role intruder --verb=get --resource=pods -n kube-system")]
    [InlineData("create role intruder --verb=get --resource=secrets -n breakglass-system")]
    [InlineData("create rolebinding intruder --clusterrole=cluster-admin --user=mallory -n breakglass-grants")]
    [InlineData("create clusterrole intruder --verb=get --resource=pods")]
    [InlineData("delete clusterrole view")]
    [InlineData("label clusterrole view rbac.authorization.k8s.io/aggregate-to-edit=true")]
    [InlineData("get namespaces --as=alice")]
    [InlineData("get namespaces --as=system:admin --as-group=system:masters")]
    [InlineData("get namespaces --as=system:serviceaccount:kube-system:generic-garbage-collector")]
    [InlineData("create serviceaccount intruder -n breakglass-system")]
    [InlineData("get secrets -n breakglass-system")]
    [InlineData("get secret somebody-elses -n breakglass-system")]
    [InlineData("delete secret breakglass-seal-keys -n breakglass-system")]
    [InlineData("get configmap somebody-elses -n breakglass-system")]
    [InlineData("get configmap breakglass-rotation -n default")]
    [InlineData("delete validatingwebhookconfiguration somebody-elses")]
    [InlineData("annotate validatingwebhookconfiguration somebody-elses x=y")]
    [InlineData("annotate mutatingwebhookconfiguration somebody-elses x=y")]
    [InlineData("annotate node worker-1 x=y")]
    [InlineData("create namespace intruder")]
    [InlineData("delete namespace default")]
    [InlineData("label namespace default payments=true")]
    [InlineData("delete crd breakglassgrants.breakglass.dev")]
    [InlineData("certificate approve intruder")]
    public async Task The_operators_own_token_does_not_do_it(string command)
    {
        var answer = await _cluster.KubectlAsync(_cluster.OperatorKubeconfig, command.Split(' '));
        answer.ExitCode.Should().NotBe(0);
        answer.Error.Should().MatchRegex("forbidden|Forbidden|cannot impersonate|attempting to grant RBAC permissions not currently held");
    }

    [Fact]
    public async Task Of_all_kinds_that_the_server_has_the_operator_can_write_those_of_its_work_and_no_others()
    {
        string[] verbs = ["create", "update", "patch", "delete", "deletecollection", "impersonate", "escalate", "bind", "approve", "sign", "use"];
        var questions = from resource in await ResourcesAsync() from verb in verbs select (Verb: verb, resource.Group, resource.Name);
        var allowed = new List<string>();
        await Parallel.ForEachAsync(questions, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (q, token) =>
        {
            if (await MayAsync(q.Verb, q.Group, q.Name, "kube-system", token)) lock (allowed)
                allowed.Add($"{q.Verb} {q.Name}{(q.Group.Length > 0 ? $".{q.Group}" : "")}");
        });

        // Events of cluster-scoped objects: 1.20 takes them in kube-system alone.
        allowed.Except(Everybodys).Should().BeEquivalentTo([.. Anywhere, "create events.events.k8s.io", "patch events.events.k8s.io"]);
    }

    [Fact]
    public async Task Of_all_kinds_that_the_server_has_the_operator_reads_no_secret_and_nothing_that_runs()
    {
        var reads = new List<string>();
        await Parallel.ForEachAsync(await ResourcesAsync(), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (resource, token) =>
        {
            foreach (var verb in (string[])["get", "list", "watch"])
            {
                if (await MayAsync(verb, resource.Group, resource.Name, "kube-system", token)) lock (reads) reads.Add(resource.Name);
            }
        });
        reads.Distinct().Should().BeEquivalentTo(
            "breakglassapprovals", "breakglassauthorities", "breakglassdrills", "breakglassgrants", "breakglasslockdowns", "breakglasspolicies",
            "breakglassreviews", "breakglasssessions", "clusterrolebindings", "clusterroles", "namespaces", "rolebindings", "roles");
    }

    /// <summary>Every resource and subresource of every group in its preferred version.</summary>
    private async Task<IReadOnlyList<(string Group, string Name)>> ResourcesAsync()
    {
        async Task<JsonNode> Raw(string path) => JsonNode.Parse(await _cluster.AdminAsync("get", "--raw", path))!;
        static IEnumerable<(string, string)> Names(string group, JsonNode list) =>
            list["resources"]!.AsArray().Select(r => (group, r!["name"]!.GetValue<string>()));
        var found = Names("", await Raw("/api/v1")).ToList();
        foreach (var group in (await Raw("/apis"))["groups"]!.AsArray())
        {
            found.AddRange(Names(group!["name"]!.GetValue<string>(), await Raw($"/apis/{group["preferredVersion"]!["groupVersion"]}")));
        }

        // No kinds, but names that the authorizer is asked about.
        return [.. found, ("", "users"), ("", "groups"), ("authentication.k8s.io", "uids"), ("authentication.k8s.io", "userextras"),
            ("certificates.k8s.io", "signers")];
    }

    private async Task<bool> MayAsync(string verb, string group, string resource, string ns, CancellationToken cancellationToken)
    {
        var parts = resource.Split('/', 2);
        V1ResourceAttributes request =
            new() { Verb = verb, Group = group, Resource = parts[0], Subresource = parts.ElementAtOrDefault(1), NamespaceProperty = ns };
        V1SubjectAccessReviewSpec question = new() { User = Operator, Groups = ["system:serviceaccounts", "system:serviceaccounts:breakglass-system",
            "system:authenticated"], ResourceAttributes = request };
        return (await _cluster.Admin.CreateAsync(new V1SubjectAccessReview { Spec = question }, cancellationToken)).Status!.Allowed;
    }
}
