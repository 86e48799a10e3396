using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using Kube.Client;
using Simulation;
using Xunit;

namespace BreakGlass.Operator.Tests.BadInput;

/// <summary>A wrong manifest is answered with a condition that names field, rule and fix, and nothing is half-made.</summary>
public class BadInputTests
{
    private static readonly Dictionary<string, (Func<PolicySpec, PolicySpec> Policy, Func<GrantSpec, GrantSpec> Grant, string Reason, string[] Says)> Cases =
        new()
        {
            ["unknown policy"] = (p => p, g => g with { Policy = "nope" }, "PolicyNotFound", ["spec.policy", "nope", "kubectl get bgp"]),
            ["requester not allowed"] = (p => p, g => g with { Requester = new() { Username = "eve", Groups = ["sales"] } }, "RequesterNotAllowed",
                ["spec.requester", "eve", "payments-oncall"]),
            ["no requester"] = (p => p, g => g with { Requester = null }, "RequesterMissing", ["spec.requester.username"]),
            ["duration past max"] = (p => p, g => g with { Duration = "61m" }, "DurationTooLong", ["spec.duration", "61m", "1h"]),
            ["duration that is none"] = (p => p, g => g with { Duration = "soon" }, "DurationInvalid", ["spec.duration", "soon", "30m"]),
            ["no duration at all"] = (p => p, g => g with { Duration = "0s" }, "DurationInvalid", ["spec.duration", "more than zero"]),
            ["empty justification"] = (p => p, g => g with { Justification = "" }, "JustificationTooShort", ["spec.justification", "explain why"]),
            ["justification of blanks"] = (p => p with { Justification = new() { MinLength = 20 } }, g => g with { Justification = new string(' ', 40) },
                "JustificationTooShort", ["spec.justification"]),
            ["justification of 1 MiB"] = (p => p, g => g with { Justification = new string('x', 1 << 20) }, "JustificationTooLong",
                ["spec.justification", "1048576", "4096", "ticket"]),
            ["no ticket"] = (p => p with { Justification = new() { TicketPattern = "^INC-[0-9]+$" } }, g => g with { Ticket = null }, "TicketMissing",
                ["spec.ticket", "^INC-[0-9]+$"]),
            ["wrong ticket"] = (p => p with { Justification = new() { TicketPattern = "^INC-[0-9]+$" } }, g => g with { Ticket = "later" }, "TicketMismatch",
                ["spec.ticket", "later"]),
            ["selector that matches nothing"] = (p => p with { Access = [Sample.Selected("all", "team", "nobody")] }, g => g, "NothingSelected",
                ["spec.policy", "payments-oncall", "--show-labels"]),
            ["namespace that does not exist"] = (p => p with { Access = [Sample.Entry("a", "nowhere")] }, g => g, "NothingSelected", ["spec.policy"]),
            ["namespace that the policy does not reach"] = (p => p, g => g with { Namespaces = ["kube-system"] }, "NamespaceNotReached",
                ["spec.namespaces", "kube-system"]),
            ["ClusterRole that does not exist"] = (p => p with { Access =
                [Sample.Entry("a", "payments") with { RoleRef = new() { Kind = "ClusterRole", Name = "ghost" } }] }, g => g, "RoleNotFound", ["ghost", "'a'"]),
            ["Role that does not exist"] = (p => p with { Access =
                [Sample.Entry("a", "payments") with { RoleRef = new() { Kind = "Role", Name = "ghost" } }] }, g => g, "RoleNotFound", ["ghost", "payments"]),
            ["access that the policy lacks"] = (p => p, g => g with { Access = ["payments", "database"] }, "AccessUnknown",
                ["spec.access", "database", "payments"]),
            ["recipient key that is none"] = (p => p, g => g with { RecipientKey = new() { Kty = "oct" } }, "RecipientKeyInvalid", ["spec.recipientKey"]),
            ["recipient key off its curve"] = (p => p, g => g with { RecipientKey = Sample.RecipientKey with { Y = Sample.RecipientKey.X } },
                "RecipientKeyInvalid", ["spec.recipientKey"]),
            ["private recipient key"] = (p => p, g => g with { RecipientKey = Sample.RecipientKey with { D = "c2VjcmV0LXNjYWxhcg" } }, "RecipientKeyInvalid",
                ["spec.recipientKey", "private"]),
            ["recipient key where nothing is encrypted"] = (p => p with { Credential = CredentialKind.BindRequester },
                g => g with { RecipientKey = Sample.RecipientKey }, "RecipientKeyNotUsed", ["spec.recipientKey"]),
            ["start time"] = (p => p, g => g with { StartTime = DateTimeOffset.UnixEpoch }, "StartTimeNotAllowed", ["spec.startTime"]),
            ["suspended policy"] = (p => p with { Suspended = true }, g => g, "PolicySuspended", ["spec.policy", "suspended"]),
            ["policy that reaches the operator"] = (p => p with { Access = [Sample.Entry("a", "breakglass-grants")] }, g => g, "PolicyNotReady",
                ["breakglass-grants"]),
            ["policy that asks for what cannot be enforced"] = (p => p with { IdleTimeout = "10m" }, g => g, "PolicyNotReady", ["spec.idleTimeout"]),
        };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public Task It_is_denied_with_field_and_fix_and_nothing_is_made(string name) => Stillness.Run(stillness =>
    {
        var (policy, grant, reason, says) = Cases[name];
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(policy));
        world.Start();
        world.Server.Put(Sample.Grant(grant));
        world.Advance(TimeSpan.FromSeconds(2));

        var denied = world.Grant()!;
        denied.Status.Phase.Should().Be(GrantPhase.Denied);
        denied.Status.EndReason.Should().Be(EndReason.Denied);
        denied.FinalizersOrEmpty.Should().BeEmpty();
        var authorized = Conditions.Find(denied.Status.Conditions, "Authorized")!;
        authorized.Should().Match<Condition>(c => c.Status == "False" && c.Reason == reason && c.ObservedGeneration == 1);
        foreach (var part in says) authorized.Message.Should().Contain(part);
        authorized.Message!.Length.Should().BeLessThan(2000);
        world.Events().Where(e => e.Reason == "GrantDenied" && e.Regarding!.Name == "inc-4711").Should().ContainSingle();
        world.Server.Requests.Writes.Should().NotContain(w => w.Call.Verb == "create" && w.Call.Resource != "events", "nothing is half-made");
        world.Policy()!.FinalizersOrEmpty.Should().BeEmpty();
        world.Logs.Lines.Should().NotContain(l => l.Contains("a bug", StringComparison.Ordinal));

        // The record is not looked at again, and terminal is terminal.
        world.Server.Requests.Clear();
        world.Server.Put(Sample.Policy());
        world.Advance(TimeSpan.FromMinutes(30));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
        world.Server.Requests.Writes.Should().NotContain(w => w.Call.Resource == "breakglassgrants");
    });

    [Fact]
    public Task Nobody_is_taken_at_their_word_unless_told_so() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start(World.Options with { TrustRequester = false });
        world.Server.Put(Sample.Grant());
        world.Settle();
        Conditions.Find(world.Grant()!.Status.Conditions, "Authorized")!.Reason.Should().Be("RequesterNotSealed");
        world.Owned().Should().BeEmpty();
    });
}
