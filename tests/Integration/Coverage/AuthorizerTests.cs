using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Coverage;

/// <summary>
/// <see cref="RbacCoverage"/> against the real authorizer: random roles are bound for users who hold nothing else, and the API server is asked what
/// they may do and what they may hand out.
/// </summary>
public sealed class AuthorizerTests(ControlPlaneFixture shared) : IClassFixture<ControlPlaneFixture>, IAsyncLifetime, IDisposable
{
    private const int Seed = 20261122;
    private const int Users = 16;
    private const int Questions = 30;

    private readonly string _id = $"coverage-{Guid.NewGuid().ToString("N")[..8]}";
    private readonly RandomRules _random = new(Seed);
    private readonly List<(string User, bool ClusterWide, IReadOnlyList<V1PolicyRule> Rules)> _users = [];
    private KubeClient? _admin;

    private KubeClient Admin => _admin ??= new(ClusterConnection.FromKubeconfig(shared.ControlPlane.AdminKubeconfig), TimeProvider.System,
        new() { RequestTimeout = TimeSpan.FromSeconds(60) });

    public async Task InitializeAsync()
    {
        await shared.ControlPlane.AdminAsync(["create", "namespace", _id]);
        for (var i = 0; i < Users; i++) await BindAsync($"{_id}-{i}", i % 2 == 0, _random.Rules());

        // The authorizer reads roles, bindings and namespaced bindings from three caches: who was bound last shows that all of them are filled.
        await BindAsync($"{_id}-last", true, [new() { ApiGroups = [""], Resources = ["pods"], Verbs = ["get"] }]);
        await BindAsync($"{_id}-last-too", false, [new() { ApiGroups = [""], Resources = ["pods"], Verbs = ["get"] }]);
        foreach (var last in (string[])["last", "last-too"])
        {
            var question = new V1ResourceAttributes { NamespaceProperty = _id, Verb = "get", Resource = "pods" };
            await Eventually.TrueAsync(() => AskAsync(new() { User = $"{_id}-{last}", ResourceAttributes = question }));
        }
    }

    public async Task DisposeAsync()
    {
        await shared.ControlPlane.AdminAsync(["delete", "clusterrole,clusterrolebinding", "-l", $"test={_id}", "--wait=false"]);
        await shared.ControlPlane.AdminAsync(["delete", "namespace", _id, "--wait=false"]);
    }

    public void Dispose() => _admin?.Dispose();

    [Fact]
    public async Task The_authorizer_answers_as_the_rules_say()
    {
        var (allowed, refused, paths) = (0, 0, 0);
        foreach (var (user, clusterWide, rules) in _users)
        {
            for (var i = 0; i < Questions; i++)
            {
                V1SubjectAccessReviewSpec question;
                bool expected;
                if (i % 3 == 2)
                {
                    var path = _random.Path(rules);
                    question = new() { User = user, NonResourceAttributes = path };
                    expected = clusterWide && RbacCoverage.Allows(rules, path);
                    if (expected) paths++;
                }
                else
                {
                    var request = _random.Request(rules, _random.Toss() ? _id : null);
                    question = new() { User = user, ResourceAttributes = request };
                    expected = (clusterWide || request.NamespaceProperty is not null) && RbacCoverage.Allows(rules, request);
                }

                (await AskAsync(question))
                    .Should().Be(expected, $"seed {Seed}: {question} with {Show(rules)} bound {(clusterWide ? "cluster-wide" : "in the namespace")}");
                _ = expected ? allowed++ : refused++;
            }
        }

        allowed.Should().BeGreaterThan(40, "questions that are all answered alike show nothing");
        refused.Should().BeGreaterThan(40);
        paths.Should().BeGreaterThan(5);
    }

    [Fact]
    public async Task The_server_lets_somebody_hand_out_exactly_what_is_covered()
    {
        var (covered, refused) = (0, 0);
        foreach (var (user, clusterWide, rules) in _users)
        {
            if (!clusterWide) continue;
            V1PolicyRule writes = new() { ApiGroups = [V1Role.KubeGroup], Resources = ["clusterroles"], Verbs = ["create"] };
            await BindAsync($"{user}-writes", true, [writes], user);
            await Eventually.TrueAsync(
                () => AskAsync(new() { User = user, ResourceAttributes = new() { Verb = "create", Group = V1Role.KubeGroup, Resource = "clusterroles" } }));

            // One call for all of them: kubectl creates what it can and tells of the rest.
            var asked = Enumerable.Range(0, 12).Select(i => (Name: $"{user}-asks-{i:00}", Rules: i % 2 == 0 ? _random.Rules() : Part(rules))).ToList();
            var result = await shared.ControlPlane.KubectlAsync(
                shared.ControlPlane.AdminKubeconfig, ["create", "--as", user, "--dry-run=server", "--validate=false", "-o", "name", "-f", "-"],
                $$"""{"apiVersion":"v1","kind":"List","items":["""
                    + $$"""{{string.Join(',', asked.Select(a => Json(new V1ClusterRole { Metadata = new() { Name = a.Name }, Rules = [.. a.Rules] })))}}]}""");
            foreach (var (name, wanted) in asked)
            {
                var created = result.Output.Contains(name, StringComparison.Ordinal);
                if (!created) result.Error.Should().Contain($"\"{name}\" is forbidden");
                created.Should().Be(RbacCoverage.Covers([.. rules, writes], wanted), $"seed {Seed}: {Show(rules)} hands out {Show(wanted)}\n{result.Error}");
                _ = created ? covered++ : refused++;
            }
        }

        covered.Should().BeGreaterThan(15);
        refused.Should().BeGreaterThan(15);
    }

    [Fact]
    public async Task Of_the_built_in_roles_view_is_read_only_and_edit_can_act_as_another()
    {
        async Task<IReadOnlyList<V1PolicyRule>> RulesOf(string role) => (await Admin.GetAsync<V1ClusterRole>(role, null, CancellationToken.None)).RulesOrEmpty;
        var (view, edit, admin) = (await RulesOf("view"), await RulesOf("edit"), await RulesOf("admin"));

        RoleRisk.IsReadOnly(view).Should().BeTrue();
        RoleRisk.IsReadOnly(edit).Should().BeFalse();
        RoleRisk.IsReadOnly(await RulesOf("system:kubelet-api-admin")).Should().BeFalse();
        RoleRisk.CanImpersonate(view).Should().BeFalse();
        RoleRisk.CanImpersonate(edit).Should().BeTrue();
        RoleRisk.CanImpersonate(admin).Should().BeTrue();
        RoleRisk.CanChangeAdmission(admin).Should().BeFalse();
        RoleRisk.CanChangeAdmission(await RulesOf("cluster-admin")).Should().BeTrue();
        RbacCoverage.Covers(edit, view).Should().BeTrue();
        RbacCoverage.Covers(admin, edit).Should().BeTrue();
        RbacCoverage.Covers(edit, admin).Should().BeFalse();
        RbacCoverage.Covers(await RulesOf("cluster-admin"), admin).Should().BeTrue();
    }

    // What is surely held, and a little changed: random rules alone are rarely covered.
    private IReadOnlyList<V1PolicyRule> Part(IReadOnlyList<V1PolicyRule> rules) =>
        [.. rules.Select(r => r with { Verbs = [r.Verbs[0]], ResourceNames = r.ResourcesOrEmpty.Count > 0 && _random.Toss() ? ["a"] : r.ResourceNames })];

    private async Task BindAsync(string name, bool clusterWide, IReadOnlyList<V1PolicyRule> rules, string? user = null)
    {
        var labels = new Dictionary<string, string> { ["test"] = _id };
        V1RoleRef role = new() { Kind = V1ClusterRole.KubeKind, Name = name };
        Rbacv1Subject[] subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = user ?? name }];
        await Admin.CreateAsync(new V1ClusterRole { Metadata = new() { Name = name, Labels = labels }, Rules = [.. rules] }, CancellationToken.None);
        if (clusterWide) await Admin.CreateAsync(
            new V1ClusterRoleBinding { Metadata = new() { Name = name, Labels = labels }, RoleRef = role, Subjects = subjects }, CancellationToken.None);
        else await Admin.CreateAsync(
            new V1RoleBinding { Metadata = new() { NamespaceProperty = _id, Name = name }, RoleRef = role, Subjects = subjects }, CancellationToken.None);
        if (user is null) _users.Add((name, clusterWide, rules));
    }

    private async Task<bool> AskAsync(V1SubjectAccessReviewSpec question) =>
        (await Admin.CreateAsync(new V1SubjectAccessReview { Spec = question }, CancellationToken.None)).Status!.Allowed;

    private static string Show(IReadOnlyList<V1PolicyRule> rules) => string
        .Join("; ",
        rules.Select(
            r =>
                $"[{string.Join(',', r.VerbsOrEmpty)}] on [{string.Join(',', r.GroupsOrEmpty)}] [{string.Join(',', r.ResourcesOrEmpty)}] named "
                    + $"[{string.Join(',', r.NamesOrEmpty)}] or [{string.Join(',', r.UrlsOrEmpty)}]"));

    private static string Json(V1ClusterRole role) => System.Text.Json.JsonSerializer.Serialize(role, KubeModels.Json<V1ClusterRole>());
}
