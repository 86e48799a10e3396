using BreakGlass.Core.Rules;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public sealed class RoleRiskTests
{
    private const string Rbac = "rbac.authorization.k8s.io";

    [Fact]
    public void The_hash_is_the_same_whatever_the_order_and_however_often_a_rule_is_repeated()
    {
        var deployments = A.Rule("apps", "deployments", "get", "list", "update");
        var pods = new V1PolicyRule { ApiGroups = ["", "metrics.k8s.io"], Resources = ["pods", "pods/log"], ResourceNames = ["a", "b"], Verbs = ["get"] };
        var paths = new V1PolicyRule { NonResourceURLs = ["/healthz", "/metrics"], Verbs = ["get"] };
        var same = new V1PolicyRule { ApiGroups = ["metrics.k8s.io", ""], Resources = ["pods/log", "pods"], ResourceNames = ["b", "a"], Verbs = ["get"] };

        // An aggregated ClusterRole is written anew by the controller manager, in any order.
        RoleRisk.Hash([paths, same, A.Rule("apps", "deployments", "update", "get", "list"), paths]).Should().Be(RoleRisk.Hash([deployments, pods, paths]));
        RoleRisk.Hash([]).Should().StartWith("sha256:").And.HaveLength("sha256:".Length + 64);
    }

    [Fact]
    public void The_hash_changes_with_every_word_of_a_rule()
    {
        var rule = new V1PolicyRule { ApiGroups = ["apps"], Resources = ["deployments"], ResourceNames = ["web"], Verbs = ["get"], NonResourceURLs = ["/x"] };
        V1PolicyRule[] others =
        [
            rule with { ApiGroups = ["batch"] }, rule with { Resources = ["jobs"] }, rule with { ResourceNames = ["api"] }, rule with { ResourceNames = [] },
            rule with { Verbs = ["get", "list"] }, rule with { NonResourceURLs = ["/y"] }, rule with { Resources = ["deployments,apps"] },
            rule with { Verbs = ["web"], ResourceNames = ["get"] }, rule with { Resources = ["web"], ResourceNames = ["deployments"] },
        ];
        others.Append(rule).Select(r => RoleRisk.Hash([r])).Should().OnlyHaveUniqueItems();
        RoleRisk.Hash([A.Rule("", "a,b", "get")]).Should().NotBe(RoleRisk.Hash([new() { ApiGroups = [""], Resources = ["a", "b"], Verbs = ["get"] }]));
    }

    [Fact]
    public void The_hash_of_shuffled_rules_is_the_hash_of_the_rules()
    {
        var word = Gen.Elements("", "*", "get", "list", "pods", "a,b", "1:a", "|");
        var words = word.ListOf().Resize(4).Select(w => (IList<string>)[.. w]);
        var rule = from v in words from g in words from r in words from n in words from u in words
                   select new V1PolicyRule { Verbs = v, ApiGroups = g, Resources = r, ResourceNames = n, NonResourceURLs = u };
        var shuffled = from rules in rule.ListOf().Resize(5) from order in Gen.Shuffle(rules.ToArray()) select (rules, order);
        Prop.ForAll(shuffled.ToArbitrary(), p => RoleRisk.Hash(p.rules) == RoleRisk.Hash(p.order.Select(r => Turned(r)))).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("apps", "deployments", "get", false)]
    [InlineData("apps", "deployments", "*", true)]
    [InlineData("apps", "*", "get", true)]
    [InlineData("*", "deployments", "get", true)]
    [InlineData("apps", "*/*", "get", true)]
    [InlineData("apps", "*/scale", "get", false)]
    public void A_wildcard_is_seen(string group, string resource, string verb, bool wildcard) =>
        RoleRisk.HasWildcard(A.Rule(group, resource, verb)).Should().Be(wildcard);

    [Theory]
    [InlineData("/metrics", false)]
    [InlineData("/*", true)]
    [InlineData("*", true)]
    [InlineData("/api/*", true)]
    public void A_wildcard_is_seen_in_paths(string path, bool wildcard) =>
        RoleRisk.HasWildcard(new() { NonResourceURLs = [path], Verbs = ["get"] }).Should().Be(wildcard);

    [Theory]
    [InlineData("", "secrets", "get", true)]
    [InlineData("", "secrets", "list", true)]
    [InlineData("", "secrets", "watch", true)]
    [InlineData("", "*", "*", true)]
    [InlineData("*", "*", "get", true)]
    [InlineData("", "secrets", "create", false)]
    [InlineData("", "secrets", "delete", false)]
    [InlineData("apps", "secrets", "get", false)]
    [InlineData("", "configmaps", "get", false)]
    public void Reading_secrets_is_seen(string group, string resource, string verb, bool reads) =>
        RoleRisk.ReadsSecrets(A.Rule(group, resource, verb)).Should().Be(reads);

    [Theory]
    [InlineData(Rbac, "clusterroles", "escalate", true)]
    [InlineData(Rbac, "roles", "bind", true)]
    [InlineData(Rbac, "roles", "create", false)]
    [InlineData(Rbac, "*", "*", true)]
    [InlineData("*", "*", "*", true)]
    [InlineData(Rbac, "rolebindings", "create", true)]
    [InlineData(Rbac, "clusterrolebindings", "patch", true)]
    [InlineData(Rbac, "rolebindings", "get", false)]
    [InlineData("", "users", "impersonate", true)]
    [InlineData("", "serviceaccounts", "impersonate", true)]
    [InlineData("", "serviceaccounts/token", "create", true)]
    [InlineData("", "*/token", "create", true)]
    [InlineData("", "serviceaccounts", "create", false)]
    [InlineData("certificates.k8s.io", "certificatesigningrequests/approval", "update", true)]
    [InlineData("certificates.k8s.io", "certificatesigningrequests", "create", true)]
    [InlineData("certificates.k8s.io", "certificatesigningrequests/status", "patch", true)]
    [InlineData("certificates.k8s.io", "certificatesigningrequests", "get", false)]
    [InlineData("certificates.k8s.io", "signers", "approve", true)]
    [InlineData("certificates.k8s.io", "podcertificaterequests/status", "update", true)]
    [InlineData("", "secrets", "create", true)]
    [InlineData("", "secrets", "patch", true)]
    [InlineData("", "secrets", "update", true)]
    [InlineData("", "secrets", "delete", false)]
    [InlineData("", "configmaps", "update", false)]
    [InlineData("", "nodes/proxy", "get", true)]
    [InlineData("", "nodes/proxy", "create", true)]
    [InlineData("", "nodes", "patch", false)]
    [InlineData(Rbac, "rolebindings", "delete", false)]
    [InlineData("user.openshift.io", "groups", "update", true)]
    [InlineData("apps", "deployments", "*", false)]
    [InlineData("", "pods", "get", false)]
    public void A_way_to_further_rights_is_seen(string group, string resource, string verb, bool escalates) =>
        RoleRisk.CanEscalate(A.Rule(group, resource, verb)).Should().Be(escalates);

    [Fact]
    public void Writing_the_file_that_maps_cloud_identities_to_groups_is_seen() =>
        RoleRisk.CanEscalate(A.Rule("", "configmaps", "update") with { ResourceNames = ["aws-auth"] }).Should().BeTrue();

    [Theory]
    [InlineData("", "pods", "get", true)]
    [InlineData("apps", "deployments", "list", true)]
    [InlineData("apps", "deployments", "watch", true)]
    [InlineData("apps", "deployments/scale", "get", true)]
    [InlineData("", "pods/log", "get", true)]
    [InlineData("", "pods/status", "get", true)]
    [InlineData("", "pods", "*", false)]
    [InlineData("", "*", "get", false)]
    [InlineData("*", "pods", "get", false)]
    [InlineData("apps", "*/scale", "get", false)]
    [InlineData("", "pods", "delete", false)]
    [InlineData("", "pods", "deletecollection", false)]
    [InlineData("", "pods", "create", false)]
    [InlineData("", "secrets", "get", false)]
    [InlineData("", "secrets", "watch", false)]
    [InlineData("", "pods/exec", "get", false)]
    [InlineData("", "pods/attach", "get", false)]
    [InlineData("", "pods/portforward", "get", false)]
    [InlineData("", "pods/proxy", "get", false)]
    [InlineData("", "services/proxy", "get", false)]
    [InlineData("", "nodes/proxy", "get", false)]
    [InlineData("subresources.kubevirt.io", "virtualmachineinstances/console", "get", false)]
    [InlineData("", "serviceaccounts/token", "create", false)]
    [InlineData("", "users", "impersonate", false)]
    [InlineData(Rbac, "clusterroles", "bind", false)]
    [InlineData(Rbac, "clusterroles", "escalate", false)]
    [InlineData(Rbac, "clusterroles", "get", true)]
    public void Only_reading_is_read_only(string group, string resource, string verb, bool readOnly)
    {
        RoleRisk.IsReadOnly([A.Rule(group, resource, verb)]).Should().Be(readOnly);
        RoleRisk.IsReadOnly([A.Rule("", "pods", "get"), A.Rule(group, resource, "get", verb)]).Should().Be(readOnly, "one rule is enough");
    }

    [Theory]
    [InlineData("/healthz", "get", true)]
    [InlineData("/metrics", "get", true)]
    [InlineData("/metrics", "post", false)]
    [InlineData("/debug/pprof/heap", "get", false)]
    [InlineData("/logs/kube-apiserver.log", "get", false)]
    [InlineData("/*", "get", false)]
    public void A_path_can_be_read_only_too(string path, string verb, bool readOnly) =>
        RoleRisk.IsReadOnly([new() { NonResourceURLs = [path], Verbs = [verb] }]).Should().Be(readOnly);

    [Fact]
    public void A_role_without_rules_is_not_called_read_only_since_it_may_not_be_filled_in_yet() => RoleRisk.IsReadOnly([]).Should().BeFalse();

    [Theory]
    [InlineData("", "serviceaccounts", "impersonate", true)]
    [InlineData("", "users", "impersonate", true)]
    [InlineData("", "groups", "*", true)]
    [InlineData("*", "*", "*", true)]
    [InlineData("authentication.k8s.io", "userextras/scopes", "impersonate", true)]
    [InlineData("authentication.k8s.io", "uids", "impersonate", true)]
    [InlineData("authentication.k8s.io", "users", "impersonate:user-info", true)]
    [InlineData("authentication.k8s.io", "nodes", "impersonate:arbitrary-node", true)]
    [InlineData("", "serviceaccounts", "create", false)]
    [InlineData("", "nodes", "*", false)]
    [InlineData("apps", "*", "*", false)]
    [InlineData("authentication.k8s.io", "tokenreviews", "create", false)]
    public void Acting_as_somebody_else_is_seen(string group, string resource, string verb, bool impersonates)
    {
        RoleRisk.CanImpersonate([A.Rule("", "pods", "get"), A.Rule(group, resource, verb)]).Should().Be(impersonates);
        if (impersonates) RoleRisk.CanEscalate(A.Rule(group, resource, verb)).Should().BeTrue();
    }

    [Theory]
    [InlineData("admissionregistration.k8s.io", "validatingwebhookconfigurations", "delete", true)]
    [InlineData("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "patch", true)]
    [InlineData("admissionregistration.k8s.io", "validatingadmissionpolicybindings", "deletecollection", true)]
    [InlineData("admissionregistration.k8s.io", "*", "create", true)]
    [InlineData("*", "*", "*", true)]
    [InlineData("apiregistration.k8s.io", "apiservices", "patch", true)]
    [InlineData("apiextensions.k8s.io", "customresourcedefinitions", "create", true)]
    [InlineData("apiextensions.k8s.io", "customresourcedefinitions", "get", false)]
    [InlineData("flowcontrol.apiserver.k8s.io", "flowschemas", "update", true)]
    [InlineData("admissionregistration.k8s.io", "validatingwebhookconfigurations", "get", false)]
    [InlineData("apps", "*", "*", false)]
    public void Changing_admission_itself_is_seen(string group, string resource, string verb, bool changes) =>
        RoleRisk.CanChangeAdmission([A.Rule("", "pods", "get"), A.Rule(group, resource, verb)]).Should().Be(changes);

    private static V1PolicyRule Turned(V1PolicyRule r) => new()
    {
        Verbs = [.. r.Verbs.Reverse()], ApiGroups = [.. r.ApiGroups.Reverse()], Resources = [.. r.Resources.Reverse()],
        ResourceNames = [.. r.ResourceNames.Reverse()], NonResourceURLs = [.. r.UrlsOrEmpty.Reverse()],
    };
}
