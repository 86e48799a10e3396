using BreakGlass.Core.Api;
using BreakGlass.Core.Guard;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>What is allowed, and does not do what its author may think.</summary>
public sealed class PolicyWarningsTests
{
    [Theory]
    [InlineData("impersonate", CredentialKind.ServiceAccountToken, "ImpersonationUnseen")]
    [InlineData("rbac", CredentialKind.ServiceAccountToken, null)]
    [InlineData("rbac", CredentialKind.BindRequester, "PersistenceNotWatched")]
    public void A_word_that_changes_nothing_is_told(string word, CredentialKind credential, string? reason)
    {
        var warnings = Of(A.Policy(s => s with { AllowPersistence = [word], Credential = credential }));
        warnings.Select(w => w.Reason).Should().Equal(reason is null ? [] : [reason]);
    }

    [Theory]
    [InlineData("secrets", "get", null, true)]
    [InlineData("secrets", "list", null, true)]
    [InlineData("secrets", "watch", null, true)]
    [InlineData("secrets", "*", null, true)]
    [InlineData("*", "get", null, true)]
    [InlineData("secrets", "get", "breakglass-seal-keys", true)]
    [InlineData("secrets", "get", "another", false)]
    [InlineData("secrets", "create", null, false)]
    [InlineData("configmaps", "get", null, false)]
    public void A_role_that_reads_the_seal_keys_from_anywhere_is_told(string resource, string verb, string? name, bool told)
    {
        var role = A.ClusterRole("reader", A.Rule("", resource, verb) with { ResourceNames = name is null ? [] : [name] });
        var wide = A.Policy(s => s with { Access = [A.ClusterWideEntry("all", "reader")] });
        Of(wide, role).Where(w => w.Reason != PolicyConditions.ReachesControlPlane).Select(w => (w.Reason, w.Field))
            .Should().Equal(told ? [("ReadsSealKeys", "spec.access[0]")] : []);
        Of(A.Policy(s => s with { Access = [A.Entry("one", "reader", "payments"), A.SelectorEntry("some", "reader", A.Selector(("a", "b")))] }), role)
            .Should().BeEmpty("neither reaches the operator's namespaces");
        Of(wide).Should().BeEmpty("what the role gives is not known");
    }

    [Theory]
    [InlineData(true, true, "True", "GuardInstalled", "refuses and records")]
    [InlineData(true, null, "True", "GuardInstalled", "refuses and records")]
    [InlineData(true, false, "True", "WebhookAlone", "config/guard instead of config/guard-1.28")]
    [InlineData(false, true, "True", "NotRecorded", "breakglass-operator-guard")]
    [InlineData(false, false, "False", "GuardMissing", "Apply config/guard.")]
    [InlineData(false, null, "False", "GuardMissing", "Apply config/guard-1.28,")]
    public void A_policy_says_whether_its_grants_are_guarded_by_what_the_server_has(bool webhook, bool? policies, string status, string reason, string words)
    {
        var guarded = Guarded(A.Policy(), new(webhook, policies))!;
        (guarded.Status, guarded.Reason).Should().Be((status, reason));
        guarded.Message.Should().Contain(words);
    }

    [Fact]
    public void Nobody_guards_the_requesters_own_name_and_what_is_not_known_is_not_said()
    {
        Guarded(A.Policy(s => s with { Credential = CredentialKind.BindRequester }), new(true, true))!.Reason.Should().Be("NotWatched");
        var before = A.Policy() with { Status = Decide(A.Policy(), new(true, true)) };
        Guarded(before, null).Should().BeNull();
    }

    private static IReadOnlyList<Problem> Of(BreakGlassPolicy policy, params V1ClusterRole[] roles) =>
        [.. PolicyWarnings.Of(policy, A.Settings, e => roles.FirstOrDefault(r => r.Metadata.Name == e.RoleRef.Name)?.RulesOrEmpty ?? [])
            .Where(w => w.Reason != "NoLimits")];

    private static Condition? Guarded(BreakGlassPolicy policy, GuardInstallation? guard) => Conditions.Find(Decide(policy, guard).Conditions, "Guarded");

    private static PolicyStatus Decide(BreakGlassPolicy policy, GuardInstallation? guard) =>
        PolicyLifecycle.Decide(new() { Now = A.Start, Settings = A.Settings, Seal = Core.Sealing.SealState.Valid, Policy = policy, Grants = [],
            Cluster = AView.Usual(), Guard = guard }).Status;
}
