using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Manifests;

public sealed class RbacTests
{
    private const string System = "breakglass-system";
    private const string Grants = "breakglass-grants";

    private static readonly string[] People = ["breakglass-requester", "breakglass-approver", "breakglass-reviewer", "breakglass-lockdown",
        "breakglass-policy-author", "breakglass-auditor", "breakglass-courier"];

    private static IReadOnlyList<ManifestObject> Roles => ConfigDirectory.Of("ClusterRole", "Role");

    private static IReadOnlyList<ManifestObject> Bindings => ConfigDirectory.Of("ClusterRoleBinding", "RoleBinding");

    private static IEnumerable<(ManifestObject Role, JsonNode Rule)> Rules =>
        Roles.SelectMany(role => role.Node["rules"]!.AsArray().Select(rule => (role, rule!)));

    [Fact]
    public void No_rule_holds_a_wildcard()
    {
        foreach (var (role, rule) in Rules)
        {
            rule["apiGroups"].Strings().Concat(rule["resources"].Strings()).Concat(rule["verbs"].Strings())
                .Should().NotContain(s => s.Contains('*'), role.ToString());
        }
    }

    [Fact]
    public void Nobody_impersonates_and_the_operator_alone_escalates_in_the_grants_namespace_alone()
    {
        Rules.SelectMany(r => r.Rule["verbs"].Strings()).Should().NotContain("impersonate");
        var (role, rule) = Rules.Should().ContainSingle(r => r.Rule["verbs"].Strings().Contains("escalate")).Subject;
        (role.Kind, role.Namespace, role.Name).Should().Be(("Role", Grants, "breakglass-operator"));
        rule["apiGroups"].Strings().Should().Equal("rbac.authorization.k8s.io");
        rule["resources"].Strings().Should().Equal("roles");
        rule["verbs"].Strings().Should().Equal("bind", "escalate");
    }

    // Cluster-wide, bind needs names. In the grants' namespace the Roles have the names of grants, which no rule can say.
    [Fact]
    public void Bind_is_given_for_named_roles_only()
    {
        var binding = Rules.Where(r => r.Rule["verbs"].Strings().Contains("bind") && r.Role.Namespace != Grants).ToDictionary(r => r.Role.Name, r => r.Rule);
        foreach (var rule in binding.Values)
        {
            rule["verbs"].Strings().Should().Equal("bind");
            rule["resources"].Strings().Should().Equal("clusterroles");
        }

        binding.Keys.Should().BeEquivalentTo("breakglass-operator-bind", "breakglass-operator-bind-persistence");
        binding["breakglass-operator-bind"]["resourceNames"].Strings().Should().BeEquivalentTo(["view", "edit", "admin"]);
        binding["breakglass-operator-bind-persistence"]["resourceNames"].Strings().Should()
            .BeEquivalentTo(Roles.Select(r => r.Name).Where(n => n.StartsWith("breakglass-persistence-", StringComparison.Ordinal)));
    }

    [Fact]
    public void Of_the_Secrets_beside_it_the_operator_reads_its_own_three_alone()
    {
        var rules = Rules.Where(r => r.Role.Namespace == System && r.Rule["resources"].Strings().Contains("secrets")).ToList();
        var drill = rules.Should().ContainSingle(r => r.Role.Name != "breakglass-operator").Subject;
        rules.Remove(drill);
        (drill.Role.Name, Flat(drill.Rule)).Should().Be(("breakglass-drill-vouchers", " secrets get"), "the drill identity reads the vouchers of drills");
        drill.Rule["resourceNames"].Strings().Should().Equal("breakglass-drill-vouchers");
        rules.Where(r => r.Rule["resourceNames"] is null).Should().ContainSingle().Which.Rule["verbs"].Strings().Should().Equal("create");
        var named = rules.Where(r => r.Rule["resourceNames"] is not null).Should().ContainSingle().Subject.Rule;
        named["resourceNames"].Strings().Should().Equal("breakglass-seal-keys", "breakglass-webhook-tls", "breakglass-gateway-tls");
        named["verbs"].Strings().Should().Equal("get", "update");
    }

    [Fact]
    public void Webhook_configurations_are_read_and_patched_by_name_alone_or_else_only_listed()
    {
        var rules = Rules.Where(
            r => r.Rule["resources"].Strings().Any(resource => resource.EndsWith("webhookconfigurations", StringComparison.Ordinal))).ToList();
        rules.Where(r => r.Role.Name == "breakglass-operator").Should().HaveCount(2).And.OnlyContain(
            r => r.Rule["resourceNames"].Strings().All(name => name.StartsWith("breakglass-operator"))
                && r.Rule["verbs"].Strings().SequenceEqual(new[] { "get", "patch" }));
        rules.Where(r => r.Role.Name != "breakglass-operator").Should().OnlyContain(
            r => r.Role.Name == "breakglass-operator-look" && r.Rule["verbs"].Strings().SequenceEqual(new[] { "list" }));
    }

    [Fact]
    public void Of_admission_policies_the_guards_own_are_looked_for_and_nothing_else()
    {
        var rule = Rules.Should().ContainSingle(
            r => r.Rule["resources"].Strings().Any(resource => resource.StartsWith("validatingadmission", StringComparison.Ordinal))).Subject.Rule;
        rule["resourceNames"].Strings().Should().Equal("breakglass-guard");
        rule["verbs"].Strings().Should().Equal("get");
    }

    [Theory]
    [InlineData("secrets")]
    [InlineData("serviceaccounts")]
    [InlineData("serviceaccounts/token")]
    public void Credentials_are_in_reach_in_the_grants_namespace_only(string resource)
    {
        var holders = Rules.Where(r => r.Rule["resources"].Strings().Contains(resource)).Select(r => r.Role).Where(role => role.Namespace != System).ToList();
        holders.Should().NotBeEmpty();
        holders.Should().OnlyContain(role => role.Kind == "Role" && role.Namespace == Grants);
    }

    [Fact]
    public void Roles_are_written_in_the_grants_namespace_only()
    {
        string[] writing = ["create", "update", "patch", "delete"];
        Rules.Where(
            r => r.Rule["resources"].Strings().Any(resource => resource is "roles" or "clusterroles") && r.Rule["verbs"].Strings().Intersect(writing).Any())
            .Should().OnlyContain(r => r.Role.Kind == "Role" && r.Role.Namespace == Grants && !r.Rule["resources"].Strings().Contains("clusterroles"));
    }

    [Fact]
    public void Nothing_runs_or_enters_pods() =>
        Rules.SelectMany(r => r.Rule["resources"].Strings()).Should().NotContain(resource => resource.StartsWith("pods", StringComparison.Ordinal));

    [Fact]
    public void The_reaper_only_finds_takes_finalizers_off_and_deletes() =>
        Rules.Where(r => r.Role.Name == "breakglass-reaper").SelectMany(r => r.Rule["verbs"].Strings()).Distinct()
            .Should().BeEquivalentTo(["get", "list", "patch", "delete"]);

    [Fact]
    public void The_gateway_watches_grants_and_policies_and_creates_tokens_of_grants_and_nothing_else()
    {
        var bound = Bindings.Where(b => b.Node["subjects"]![0]!["name"]!.GetValue<string>() == "breakglass-gateway")
            .Select(b => (b.Kind, b.Namespace, Role: b.Node["roleRef"]!["name"]!.GetValue<string>())).ToList();
        bound.Should().BeEquivalentTo([("ClusterRoleBinding", (string?)null, "breakglass-gateway"), ("RoleBinding", Grants, "breakglass-gateway")]);
        Rules.Where(r => r.Role.Name == "breakglass-gateway").Select(r => $"{r.Role.Kind} {r.Role.Namespace}: {Flat(r.Rule)}").Should().BeEquivalentTo(
            "ClusterRole : breakglass.dev breakglassgrants,breakglasspolicies,breakglasslockdowns get,list,watch",
            $"Role {Grants}:  serviceaccounts/token create");
    }

    [Fact]
    public void The_auditor_only_reads() =>
        Rules.Where(r => r.Role.Name == "breakglass-auditor").SelectMany(r => r.Rule["verbs"].Strings()).Distinct()
            .Should().BeEquivalentTo(["get", "list", "watch"]);

    [Fact]
    public void The_courier_creates_and_reads_grants_and_nothing_else() =>
        Rules.Where(r => r.Role.Name == "breakglass-courier").Select(r => Flat(r.Rule)).Should().Equal("breakglass.dev breakglassgrants create,get,watch");

    [Fact]
    public void People_get_nothing_but_our_own_kinds() =>
        Rules.Where(r => People.Contains(r.Role.Name))
            .SelectMany(r => r.Rule["apiGroups"].Strings()).Should().OnlyContain(group => group == "breakglass.dev");

    [Fact]
    public void Every_binding_names_a_role_that_is_there_and_one_of_our_identities()
    {
        foreach (var binding in Bindings)
        {
            var role = binding.Node["roleRef"]!;
            Roles.Should().ContainSingle(
                r => r.Kind == role["kind"]!.GetValue<string>() && r.Name == role["name"]!.GetValue<string>()
                    && (r.Kind == "ClusterRole" || r.Namespace == binding.Namespace),
                binding.ToString());
            var subject = binding.Node["subjects"]!.AsArray().Should().ContainSingle().Subject!;
            subject["kind"]!.GetValue<string>().Should().Be("ServiceAccount");
            subject["namespace"]!.GetValue<string>().Should().Be(System);
            subject["name"]!.GetValue<string>().Should().BeOneOf(
                "breakglass-operator", "breakglass-reaper", "breakglass-gateway", "breakglass-drill", "breakglass-drill-approver");
        }
    }

    [Fact]
    public void The_peoples_roles_are_bound_to_nobody() =>
        Bindings.Select(b => b.Node["roleRef"]!["name"]!.GetValue<string>())
            .Should().NotContain(People);

    [Fact]
    public void The_namespaces_and_identities_have_the_names_of_the_contract()
    {
        ConfigDirectory.Of("Namespace").Select(n => n.Name).Should().BeEquivalentTo([System, Grants]);
        ConfigDirectory.Of("Namespace")
            .Should().OnlyContain(n => n.Node["metadata"]!["labels"]!["pod-security.kubernetes.io/enforce"]!.GetValue<string>() == "restricted");
        ConfigDirectory.Of("ServiceAccount").Select(s => (s.Namespace, s.Name))
            .Should().BeEquivalentTo([
                (System, "breakglass-operator"), (System, "breakglass-reaper"), (System, "breakglass-gateway"), (System, "breakglass-drill"),
                (System, "breakglass-drill-approver"),
            ]);
        var quota = ConfigDirectory.Of("ResourceQuota").Should().ContainSingle().Subject;
        quota.Namespace.Should().Be(Grants);
        quota.Node["spec"]!["hard"]!["pods"]!.GetValue<string>().Should().Be("0");
    }

    private static string Flat(JsonNode rule) =>
        string.Join(' ', ((string[])["apiGroups", "resources", "verbs"]).Select(part => string.Join(',', rule[part].Strings())));
}
