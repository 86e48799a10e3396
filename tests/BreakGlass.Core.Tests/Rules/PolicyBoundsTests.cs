using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>A policy that bounds nothing is taken, and says so.</summary>
public sealed class PolicyBoundsTests
{
    private static readonly Limits Some = new() { MaxActive = 3 };

    public static TheoryData<string, string?> Policies => new()
    {
        { "usual", null },
        { "no limits", "NoLimits" },
        { "empty limits", "NoLimits" },
        { "12 h", "VeryLong" },
        { "a second", "RecordTooShort" },
        { "shorter than the review", "RecordTooShort" },
        { "not reviewed, two days", null },
        { "every request approves itself", "ApprovalNeverAsked" },
        { "what is read approves itself", null },
        { "bypass as long as the rest", "BypassNotShorter" },
        { "ticket anywhere", "TicketNotAnchored" },
        { "ticket", null },
        { "an assertion", "ClaimIsCredential" },
        { "a token", "ClaimIsCredential" },
        { "a claim", null },
        { "a credential's id", null },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void What_bounds_nothing_is_told(string what, string? reason)
    {
        var jit = (PolicySpec s) => s with { Mode = PolicyMode.JustInTime, Limits = Some, Approval = new() { Approvers = [A.Group("approvers")] } };
        var claim = (string key) => A.Policy(s => s with { Limits = Some, RequireClaims = [new() { Key = key, Values = ["x"] }] });
        var policy = what switch
        {
            "usual" => A.Policy(s => s with { Limits = Some }),
            "no limits" => A.Policy(),
            "empty limits" => A.Policy(s => s with { Limits = new() }),
            "12 h" => A.Policy(s => s with { Limits = Some, Duration = new() { Max = "12h" } }),
            "a second" => A.Policy(s => s with { Limits = Some, RetainFor = "1s" }),
            "shorter than the review" => A.Policy(s => s with { Limits = Some, RetainFor = "48h", Review = new() { Within = "72h" } }),
            "not reviewed, two days" => A.Policy(s => jit(s) with { RetainFor = "48h" }),
            "every request approves itself" =>
                A.Policy(s => jit(s) with { Approval = jit(s).Approval! with { AutoApprove = new() { MaxDuration = "1h", ReadOnlyOnly = false } } }),
            "what is read approves itself" =>
                A.Policy(s => jit(s) with { Approval = jit(s).Approval! with { AutoApprove = new() { MaxDuration = "1h", ReadOnlyOnly = true } } }),
            "bypass as long as the rest" => A.Policy(s => jit(s) with { EmergencyBypass = new() { Duration = "1h" } }),
            "ticket anywhere" => A.Policy(s => s with { Limits = Some, Justification = new() { TicketPattern = "INC-[0-9]+" } }),
            "ticket" => A.Policy(s => s with { Limits = Some, Justification = new() { TicketPattern = "^INC-[0-9]+$" } }),
            "an assertion" => claim("iam.gke.io/user-assertion"),
            "a token" => claim("authentication.kubernetes.io/token"),
            "a claim" => claim("example.com/amr"),
            _ => claim("authentication.kubernetes.io/credential-id"),
        };
        PolicyRules.Check(policy, A.Settings).Should().BeEmpty();
        PolicyWarnings.Of(policy, A.Settings, _ => []).Select(w => w.Reason).Should().Equal(reason is null ? [] : [reason]);
    }
}
