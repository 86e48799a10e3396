using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using TestKit.Builders;
using Xunit;
using Change = System.Func<BreakGlass.Core.Api.PolicySpec, BreakGlass.Core.Api.PolicySpec>;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>The optional sections of a policy: claims, approval, schedule, limits, overuse, review, bypass.</summary>
public sealed class PolicySectionRulesTests
{
    private static readonly Dictionary<string, (Change Spec, string Field, string[] Words)> Wrong = new()
    {
        ["a claim without a key"] = (s => s with { RequireClaims = [new() { Values = ["mfa"] }] }, "spec.requireClaims[0].key", ["required"]),
        ["a claim without values"] = (s => s with { RequireClaims = [new() { Key = "amr", Values = ["mfa"] }, new() { Key = "x" }] },
            "spec.requireClaims[1].values", ["at least one value"]),
        ["fewer than one approval"] = (JustInTime(a => a with { Required = -1 }), "spec.approval.required", ["less than 1", "how many different people"]),
        ["nobody who may approve"] = (JustInTime(a => a with { Approvers = [] }), "spec.approval.approvers", ["at least one subject", "who can approve"]),
        ["an approver of no kind"] = (JustInTime(a => a with { Approvers = [new() { Kind = "Team", Name = "x" }] }), "spec.approval.approvers[0].kind",
            ["'Team'"]),
        ["a time-out that is no duration"] = (JustInTime(a => a with { Timeout = "soon" }), "spec.approval.timeout", ["'soon'", "30m, 1h30m or 45s"]),
        ["a time-out of nothing"] = (JustInTime(a => a with { Timeout = "0s" }), "spec.approval.timeout", ["more than zero"]),
        ["a time-out past the longest"] = (JustInTime(a => a with { Timeout = "168h1s" }), "spec.approval.timeout", ["168h1s", "168h"]),
        ["approval by itself for no duration"] = (JustInTime(a => a with { AutoApprove = new() { MaxDuration = "short" } }),
            "spec.approval.autoApprove.maxDuration", ["'short'"]),
        ["a bypass of no duration"] = (s => JustInTime()(s) with { EmergencyBypass = new() { Duration = "x" } }, "spec.emergencyBypass.duration", ["'x'"]),
        ["a bypass past the longest grant"] = (s => JustInTime()(s) with { EmergencyBypass = new() { Duration = "13h" } }, "spec.emergencyBypass.duration",
            ["13h", "12h"]),
        ["a bypass of what is time-boxed"] = (s => TimeBoxed()(s) with { EmergencyBypass = new() { Duration = "15m" } }, "spec.emergencyBypass",
            ["only for mode JustInTime"]),
        ["a time zone that is none"] = (TimeBoxed(s => s with { TimeZone = "Europe/Bern" }), "spec.schedule.timeZone",
            ["'Europe/Bern'", "IANA", "Europe/Berlin"]),
        ["a time zone by its short name on another system"] = (TimeBoxed(s => s with { TimeZone = "W. Europe Standard Time" }),
            "spec.schedule.timeZone", ["IANA"]),
        ["no window"] = (TimeBoxed(s => s with { Windows = [] }), "spec.schedule.windows", ["at least one window"]),
        ["a window on no day"] = (TimeBoxed(s => s with { Windows = [new() { Start = "22:00", End = "04:00" }] }), "spec.schedule.windows[0].days",
            ["at least one day"]),
        ["a window on a day in full"] = (Opens("Saturday", "22:00", "04:00"), "spec.schedule.windows[0].days", ["'Saturday'", "Sat"]),
        ["a window at an hour that is none"] = (Opens("Sat", "24:00", "04:00"), "spec.schedule.windows[0].start", ["'24:00'", "in quotes"]),
        ["a window without minutes"] = (Opens("Sat", "22:00", "4"), "spec.schedule.windows[0].end", ["'4'", "in quotes"]),
        ["a limit of none"] = (s => s with { Limits = new() { MaxActive = 0 } }, "spec.limits.maxActive", ["at least 1", "spec.suspended"]),
        ["a limit of less than none"] = (s => s with { Limits = new() { MaxActivePerRequester = -1 } }, "spec.limits.maxActivePerRequester", ["at least 1"]),
        ["a cooldown that is no duration"] = (s => s with { Limits = new() { Cooldown = "a while" } }, "spec.limits.cooldown", ["'a while'"]),
        ["overuse of nothing"] = (s => s with { Overuse = new() { Activations = 0, Window = "1h" } }, "spec.overuse.activations", ["at least 1"]),
        ["overuse in no time"] = (s => s with { Overuse = new() { Activations = 1, Window = "0s" } }, "spec.overuse.window", ["more than zero"]),
        ["overuse counted from grants that are gone"] = (s => s with { Overuse = new() { Activations = 1, Window = "168h" }, RetainFor = "24h" },
            "spec.overuse.window", ["168h", "spec.retainFor, 24h"]),
        ["a review in no duration"] = (s => s with { Review = new() { Within = "a day" } }, "spec.review.within", ["'a day'"]),
        ["a reviewer of no kind"] = (s => s with { Review = new() { Reviewers = [new() { Kind = "Team", Name = "x" }] } }, "spec.review.reviewers[0].kind",
            ["'Team'"]),
        ["persistence that is not known"] = (s => s with { AllowPersistence = ["rbac", "everything"] }, "spec.allowPersistence",
            ["'everything'", "rbac, tokens"]),
    };

    private static readonly Dictionary<string, Change> Fine = new()
    {
        ["claims"] = s => s with { RequireClaims = [new() { Key = "example.com/amr", Values = ["mfa", "hwk"] }] },
        ["just in time"] = JustInTime(),
        ["just in time with everything"] = s => JustInTime(a => a with { Required = 2, Timeout = "168h",
            AutoApprove = new() { MaxDuration = "15m", ReadOnlyOnly = false } })(s) with { EmergencyBypass = new() { Duration = "12h" } },
        ["time-boxed"] = TimeBoxed(),
        ["time-boxed with approval"] = s => TimeBoxed()(s) with { Approval = new() { Approvers = [A.User("bob")] } },
        ["a window of a whole day"] = Opens("Sun", "00:00", "00:00"),
        ["limits"] = s => s with { Limits = new() { MaxActive = 3, MaxActivePerRequester = 1, Cooldown = "5m" } },
        ["role pinning"] = s => s with { RolePinning = RolePinning.Suspend },
        ["a review by whoever is not involved"] = s => s with { Review = new() },
        ["no review of what was approved"] = s => JustInTime()(s) with { Review = new() { Required = false } },
    };

    public static TheoryData<string> WrongCases => [.. Wrong.Keys];

    public static TheoryData<string> FineCases => [.. Fine.Keys];

    [Theory]
    [MemberData(nameof(WrongCases))]
    public void What_is_wrong_is_named_with_its_field_and_the_way_to_mend_it(string what)
    {
        var (spec, field, words) = Wrong[what];
        var problem = PolicyRules.Check(A.Policy(spec), A.Settings).Should().ContainSingle().Subject;
        (problem.Field, problem.Reason).Should().Be((field, PolicyRules.Invalid));
        foreach (var word in words) problem.Message.Should().Contain(word);
        problem.ToString().Should().StartWith(field + ": ").And.NotEndWith(".");
    }

    [Theory]
    [MemberData(nameof(FineCases))]
    public void What_is_right_has_no_problem(string what) => PolicyRules.Check(A.Policy(Fine[what]), A.Settings).Should().BeEmpty();

    private static Change JustInTime(Func<ApprovalTerms, ApprovalTerms>? change = null) =>
        s => s with { Mode = PolicyMode.JustInTime, Approval = (change ?? (a => a))(new() { Approvers = [A.Group("incident-commanders")] }) };

    private static Change TimeBoxed(Func<Schedule, Schedule>? change = null) => s => s with
    {
        Mode = PolicyMode.TimeBoxed,
        Schedule = (change ?? (x => x))(new() { TimeZone = "Europe/Berlin", Windows = [new() { Days = ["Sat", "Sun"], Start = "22:00", End = "04:00" }] }),
    };

    private static Change Opens(string day, string start, string end) =>
        TimeBoxed(s => s with { Windows = [new() { Days = [day], Start = start, End = end }] });
}
