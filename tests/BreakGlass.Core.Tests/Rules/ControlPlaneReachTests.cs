using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>A selector that matches everything once gave <c>edit</c> in kube-system, where whoever impersonates a controller is a cluster-admin.</summary>
public sealed class ControlPlaneReachTests
{
    private static readonly CoreSettings Settings = A.Settings with { ProtectedNamespaces = ["istio-system"] };
    private static readonly V1Namespace[] Cluster =
        [.. new[] { "default", "istio-system", "kube-node-lease", "kube-public", "kube-system", "shop" }.Select(
            n => A.Namespace(n, ("kubernetes.io/metadata.name", n)))];

    [Fact]
    public void An_empty_selector_selects_neither_the_control_plane_nor_protected_namespaces() =>
        Reached(A.SelectorEntry("all", "edit", new())).Should().Equal("default", "shop");

    [Fact]
    public void A_selector_by_the_very_name_of_kube_system_does_not_select_it() =>
        Reached(A.SelectorEntry("all", "edit", A.Selector(("kubernetes.io/metadata.name", "kube-system")))).Should().BeEmpty();

    [Fact]
    public void What_is_listed_by_name_is_reached() =>
        Reached(A.Entry("named", "edit", "kube-system", "istio-system", "shop")).Should().Equal("istio-system", "kube-system", "shop");

    [Fact]
    public void A_grant_that_was_active_there_before_an_upgrade_is_narrowed()
    {
        var entry = A.SelectorEntry("all", "edit", new());
        var named = A.Policy(s => s with { Access = [A.Entry("all", "edit", "kube-system")] }).Spec;
        Targets.Resolve([entry], named, [], Cluster, Settings)
            .Should().BeEmpty("what was recorded with the grant is the selector, and that selects it no more");
        Targets.Resolve([entry], A.Policy(s => s with { Access = [A.ClusterWideEntry("all", "edit")] }).Spec, [], Cluster, Settings)
            .Should().OnlyContain(t => t.Namespace == "default" || t.Namespace == "shop");
    }

    [Theory]
    [InlineData("view", false, "kube-system", true)]
    [InlineData("view", false, "istio-system", true)]
    [InlineData("view", false, "shop", false)]
    [InlineData("view", true, null, false)]
    [InlineData("edit", true, null, true)]
    [InlineData("debugger", true, null, true)]
    [InlineData("watcher", true, null, false)]
    public void A_policy_that_reaches_it_is_told_so_at_admission_and_in_its_status(string role, bool wide, string? ns, bool told)
    {
        var policy = A.Policy(s => s with { Access = [wide ? A.ClusterWideEntry("e", role) : A.Entry("e", role, ns!)] });
        var view = AView.Usual(
            A.ClusterRole("debugger", A.Rule("", "pods/exec", "create")), A.ClusterRole("watcher", A.Rule("", "pods", "get", "list", "watch")),
            A.Namespace("istio-system"));
        PolicyWarnings.Of(policy, Settings, e => RoleSummaries.RulesOf(e, view)).Any(w => w.Reason == "ReachesControlPlane").Should().Be(told);

        var status = PolicyLifecycle.Decide(new() { Now = A.Start, Settings = Settings, Policy = policy, Grants = [], Cluster = view }).Status;
        Conditions.IsTrue(status.Conditions, "ReachesControlPlane").Should().Be(told);
    }

    [Fact]
    public void A_warning_fits_what_the_API_server_shows_of_one()
    {
        var policy = A.Policy(
            s => s with { Access = [A.Entry("e", "payments-incident-responder", "kube-system", "istio-system"), A.ClusterWideEntry("w", "edit")] });
        PolicyWarnings.Of(policy, Settings, _ => []).Where(w => w.Reason == "ReachesControlPlane")
            .Should().HaveCount(2).And.OnlyContain(w => $"{w}.".Length <= 256);
    }

    private static IEnumerable<string?> Reached(AccessEntry entry) =>
        Targets.Resolve([entry], A.Policy(s => s with { Access = [entry] }).Spec, [], Cluster, Settings).Select(t => t.Namespace);
}
