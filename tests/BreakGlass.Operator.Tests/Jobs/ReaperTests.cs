using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Jobs;
using BreakGlass.Operator.Tests.Time;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Jobs;

public class ReaperTests
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;

    public ReaperTests()
    {
        _server = new(_clock);
        InstalledRbac.Install(_server);
        _server.CreateNamespace("payments");
    }

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Fact]
    public async Task Whatever_is_past_its_time_goes_and_bindings_go_first()
    {
        PutAll(Now.AddSeconds(-1));
        (await Reap()).Should().Be((6, 0));
        Left().Should().BeEmpty();
        _server.Requests.Writes.Select(w => w.Call.Resource)
            .Should().Equal("rolebindings", "rolebindings", "clusterrolebindings", "secrets", "serviceaccounts", "roles");
    }

    [Fact]
    public async Task What_still_has_time_stays()
    {
        PutAll(Now.AddSeconds(2));
        (await Reap()).Should().Be((0, 0));
        Left().Should().HaveCount(6);
        _clock.Advance(TimeSpan.FromSeconds(3));
        (await Reap()).Should().Be((6, 0));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("tomorrow")]
    [InlineData("2026-13-40T99:00:00Z")]
    public async Task A_mark_that_is_gone_or_cannot_be_read_lasts_for_the_longest_grant_and_no_longer(string? mark)
    {
        _server.Put(Binding("spoilt", mark));
        _clock.Advance(BreakGlassApi.LongestGrant - TimeSpan.FromSeconds(5));
        (await Reap()).Should().Be((0, 0));
        _clock.Advance(TimeSpan.FromSeconds(10));
        (await Reap()).Should().Be((1, 0));
        Left().Should().BeEmpty();
    }

    [Fact]
    public async Task A_mark_that_was_stretched_does_not_help_past_the_longest_grant()
    {
        _server.Put(Binding("stretched", "2099-01-01T00:00:00Z"));
        _clock.Advance(BreakGlassApi.LongestGrant + TimeSpan.FromSeconds(5));
        (await Reap()).Should().Be((1, 0));
    }

    [Fact]
    public async Task A_finalizer_on_a_binding_does_not_keep_access()
    {
        var binding = Binding("held", Timestamp.Text(Now.AddMinutes(-1)));
        _server.Put(binding with { Metadata = binding.Metadata with { Finalizers = ["example.com/hold"] } });
        (await Reap()).Should().Be((1, 0));
        Left().Should().BeEmpty();
    }

    [Fact]
    public async Task Other_peoples_objects_stay_whatever_is_written_on_them()
    {
        var past = Timestamp.Text(Now.AddDays(-1));
        var nobodys = Binding("nobodys", past);
        _server.Put(nobodys with { Metadata = nobodys.Metadata with { Labels = new Dictionary<string, string>() } });
        var helms = Binding("helms", past);
        _server.Put(helms with { Metadata = helms.Metadata with { Labels = new Dictionary<string, string> { [BreakGlassApi.ManagedByLabel] = "Helm" } } });
        (await Reap()).Should().Be((0, 0));
        _server.List<V1RoleBinding>("payments").Should().HaveCount(2);
        _server.Requests.Writes.Should().BeEmpty();
    }

    /// <summary>
    /// Another project in this field uses the same value of the shared label; a tool that clones a namespace copies all labels and annotations.
    /// </summary>
    [Theory]
    [InlineData("shared label", false)]
    [InlineData("shared label", true)]
    [InlineData("our label", false)]
    [InlineData("our label", true)]
    [InlineData("all marks, another name", false)]
    [InlineData("all marks, another name", true)]
    [InlineData("all marks, a group", false)]
    [InlineData("all marks, a group", true)]
    public async Task A_binding_that_only_carries_a_label_or_copied_marks_is_nobodys_to_delete(string what, bool everything)
    {
        var ours = Binding("access", Timestamp.Text(Now.AddDays(-1)));
        var shared = new Dictionary<string, string> { [BreakGlassApi.ManagedByLabel] = BreakGlassApi.ManagedBy, ["access.breakglass.io/session"] = "x" };
        var theirs = what switch
        {
            "shared label" => ours with { Metadata = new() { Name = "team-view", NamespaceProperty = "payments", Labels = shared } },
            "our label" => ours with { Metadata = new() { Name = "breakglass-made-x", NamespaceProperty = "payments", Labels = new Dictionary<string, string>(
                shared) { [BreakGlassApi.GrantLabel] = "made" } } },
            "all marks, another name" => ours with { Metadata = ours.Metadata with { Name = "team-view" } },
            _ => ours with { Subjects = [new() { Kind = "Group", ApiGroup = V1Role.KubeGroup, Name = "developers" }] },
        };
        _server.Put(theirs);

        (await Reap(everything: everything)).Should().Be((0, 0));
        _server.List<V1RoleBinding>("payments").Should().ContainSingle();
        _server.Requests.Writes.Should().BeEmpty();
    }

    [Fact]
    public async Task Revoking_everything_removes_what_the_previous_version_made_and_a_binding_whose_subjects_were_emptied()
    {
        var binding = Binding("access", Timestamp.Text(Now.AddHours(1)));
        var labels = new Dictionary<string, string>(binding.LabelsOrEmpty) { [BreakGlassApi.ManagedByLabel] = BreakGlassApi.ManagedBy };
        _server.Put(binding with { Metadata = binding.Metadata with { Labels = labels } });
        _server.Put(Binding("emptied", Timestamp.Text(Now.AddHours(1))) with { Subjects = [] });

        (await Reap(everything: true)).Should().Be((2, 0));
    }

    [Fact]
    public async Task One_that_cannot_be_deleted_holds_up_no_other_and_goes_at_the_next_pass()
    {
        PutAll(Now.AddMinutes(-1));
        _server.Faults.Inject(Fault.InternalError, c => c.Verb == "delete" && c.Resource == "rolebindings" && c.Namespace == "payments");
        (await Reap()).Should().Be((5, 1));
        Left().Should().ContainSingle();
        (await Reap()).Should().Be((1, 0));
        Left().Should().BeEmpty();
    }

    [Fact]
    public async Task A_kind_that_cannot_be_listed_holds_up_no_other()
    {
        PutAll(Now.AddMinutes(-1));
        using var fault = _server.Faults.Inject(Fault.Forbidden, "list", "rolebindings", times: null);
        (await Reap()).Should().Be((4, 1));
        Left().Should().HaveCount(2);
    }

    [Fact]
    public async Task It_needs_neither_our_kinds_nor_an_operator()
    {
        foreach (var plural in new[] { "breakglassgrants", "breakglasspolicies" })
            _server.Resources.Unregister(BreakGlassApi.Group, BreakGlassApi.Version, plural);
        PutAll(Now.AddMinutes(-1));
        (await Reap()).Should().Be((6, 0));
    }

    [Theory]
    [InlineData("delete", "rolebindings", 4, 2)]
    [InlineData("list", "breakglassgrants", 6, 1)]
    [InlineData("list", "clusterrolebindings", 5, 1)]
    public async Task A_404_of_a_proxy_says_of_nothing_that_it_is_gone(string verb, string resource, int removed, int failed)
    {
        PutAll(Now.AddMinutes(-1));
        using var proxy = _server.Faults.Inject(Fault.Answer(404, "", "404 page not found"),
            c => c.Resource == resource && (c.Verb == verb || (verb == "delete" && c.Verb == "patch")), times: null);
        (await Reap()).Should().Be((removed, failed));
    }

    [Fact]
    public async Task A_binding_that_was_stripped_of_its_marks_goes_by_the_record_of_its_grant()
    {
        _server.Put(Sample.Grant());
        _server.Modify<BreakGlassGrant>("inc-4711", null, g => g with
        {
            Status = new()
            {
                Phase = GrantPhase.Pending,
                ActivatedAt = Now.AddMinutes(-2),
                ExpiresAt = Now.AddMinutes(1),
                Credential = CredentialKind.BindRequester,
                Bindings =
                [
                    new() { Kind = V1RoleBinding.KubeKind, Namespace = "payments", Name = "breakglass-inc-4711-stripped", Role = "ClusterRole/edit" },
                    new() { Kind = V1RoleBinding.KubeKind, Namespace = "payments", Name = "somebody-elses", Role = "ClusterRole/edit" },
                ],
            },
        });
        var stripped = Binding("stripped", null);
        _server.Put(stripped with { Metadata = new() { Name = "breakglass-inc-4711-stripped", NamespaceProperty = "payments" } });
        _server.Put(stripped with { Metadata = new() { Name = "somebody-elses", NamespaceProperty = "payments" } });

        (await Reap()).Should().Be((0, 0), "its time is not over");
        _clock.Advance(TimeSpan.FromMinutes(1));
        (await Reap()).Should().Be((1, 0));
        _server.List<V1RoleBinding>("payments").Should().ContainSingle().Which.Metadata.Name.Should().Be("somebody-elses");
    }

    /// <summary>A node whose API is wrapped by something broken, or one namespace whose reads fail: access in all the others ends.</summary>
    [Fact]
    public async Task A_recorded_binding_that_cannot_be_read_holds_up_no_other()
    {
        string[] namespaces = ["payments", .. Enumerable.Range(0, 20).Select(i => $"ns-{i}")];
        foreach (var ns in namespaces.Skip(1)) _server.CreateNamespace(ns);
        const string name = "breakglass-inc-4711-0123456789";
        _server.Put(Sample.Grant());
        _server.Modify<BreakGlassGrant>("inc-4711", null, g => g with
        {
            Status = new()
            {
                Phase = GrantPhase.Active, ActivatedAt = Now.AddMinutes(-2), ExpiresAt = Now.AddMinutes(-1), Credential = CredentialKind.BindRequester,
                Bindings = [.. namespaces.Select(
                    ns => new BindingRecord { Kind = V1RoleBinding.KubeKind, Namespace = ns, Name = name, Role = "ClusterRole/edit" })],
            },
        });
        foreach (var ns in namespaces) _server.Put(Binding("stripped", null, ns) with { Metadata = new() { Name = name, NamespaceProperty = ns } });
        using var fault = _server.Faults.Inject(Fault.Forbidden, c => c.Verb == "get" && c.Namespace == "payments", times: null);

        (await Reap()).Should().Be((20, 1));
        _server.List<V1RoleBinding>("payments").Should().ContainSingle();
        namespaces.Skip(1).SelectMany(ns => _server.List<V1RoleBinding>(ns)).Should().BeEmpty();
    }

    /// <summary>Its time counts from the decision, which may have come long after its creation.</summary>
    [Fact]
    public async Task A_grant_that_opened_by_the_bypass_a_day_after_it_was_asked_for_is_not_reaped_early()
    {
        _server.Put(Sample.Grant());
        _clock.Advance(TimeSpan.FromHours(20));
        const string name = "breakglass-inc-4711-0123456789";
        _server.Modify<BreakGlassGrant>("inc-4711", null, g => g with
        {
            Status = new()
            {
                Phase = GrantPhase.Active, ActivatedAt = Now, ExpiresAt = Now.AddMinutes(15), Credential = CredentialKind.BindRequester,
                Conditions =
                    [new() { Type = "Approved", Status = "False", Reason = "EmergencyBypass", Message = "Nobody decided in time.", LastTransitionTime = Now }],
                Bindings = [new() { Kind = V1RoleBinding.KubeKind, Namespace = "payments", Name = name, Role = "ClusterRole/edit" }],
            },
        });
        _server.Put(Binding("x", null) with { Metadata = new() { Name = name, NamespaceProperty = "payments" } });

        (await Reap()).Should().Be((0, 0));
        _clock.Advance(TimeSpan.FromMinutes(16));
        (await Reap()).Should().Be((1, 0));
    }

    [Fact]
    public async Task One_that_was_replaced_meanwhile_is_left_alone()
    {
        _server.Put(Binding("again", Timestamp.Text(Now.AddMinutes(-1))));
        _server.Faults.Inject(Fault.Answer(409, "Conflict", "the UID in the precondition does not match"), "delete", "rolebindings");
        (await Reap()).Should().Be((1, 0));
        Left().Should().ContainSingle();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    [InlineData(2400)]
    public async Task One_wrong_Date_reaps_nothing_early_and_nothing_late(double hours)
    {
        PutAll(Now.AddMinutes(1));
        _server.Put(Binding("over", Timestamp.Text(Now.AddSeconds(-1))));
        _server.PoisonDates(TimeSpan.FromHours(hours));
        (await Reap()).Should().Be((1, 0));
        Left().Should().HaveCount(6);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public async Task On_a_node_with_a_wrong_clock_it_waits_for_the_servers_answers_to_agree_and_reaps_by_them(double hours)
    {
        PutAll(Now.AddMinutes(1));
        _server.Put(Binding("over", Timestamp.Text(Now.AddSeconds(-1))));
        (await Reap(new NodeClock(_clock) { WallIsOffBy = TimeSpan.FromHours(hours) })).Should().Be((1, 0));
        Left().Should().HaveCount(6);
    }

    [Fact]
    public async Task Servers_that_never_agree_keep_it_no_longer_than_its_patience_and_end_nothing_early()
    {
        PutAll(Now.AddMinutes(1));
        _server.Put(Binding("over", Timestamp.Text(Now.AddSeconds(-1))));
        for (var i = 1; i < 200; i++) _server.PoisonDates(TimeSpan.FromHours(i));
        var started = Now;
        (await Reap()).Should().Be((1, 0), "by both the wall clock and the servers it is over");
        Left().Should().HaveCount(6);
        (Now - started).Should().BeLessThan(Reaper.ClockPatience + TimeSpan.FromSeconds(5));
    }

    private async Task<(int Removed, int Failed)> Reap(TimeProvider? clock = null, bool everything = false)
    {
        var reaping = new Reaper(_server.CreateClient(InstalledRbac.Reaper), new(), new SteadyClock(clock ?? _clock), NullLogger.Instance, everything)
            .ReapAsync(CancellationToken.None);
        await _clock.DriveAsync(reaping);
        return await reaping;
    }

    private IReadOnlyList<string> Left() => [.. _server.Inventory().Where(i => i.Contains("made-", StringComparison.Ordinal))];

    private void PutAll(DateTimeOffset end)
    {
        var mark = Timestamp.Text(end);
        _server.Put(Binding("access", mark));
        _server.Put(Binding("reader", mark, "breakglass-grants"));
        _server.Put(new V1ClusterRoleBinding { Metadata = Meta("everywhere", null, mark), RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "view" },
            Subjects = [new() { Kind = "User", Name = "alice" }] });
        _server.Put(new V1Secret { Metadata = Meta("credential", "breakglass-grants", mark) });
        _server.Put(new V1ServiceAccount { Metadata = Meta("identity", "breakglass-grants", mark) });
        _server.Put(new V1Role { Metadata = Meta("reader", "breakglass-grants", mark) });
    }

    private static V1RoleBinding Binding(string name, string? mark, string ns = "payments") => new()
    {
        Metadata = Meta(name, ns, mark),
        RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" },
        Subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "alice" }],
    };

    private static V1ObjectMeta Meta(string name, string? ns, string? mark) => new()
    {
        Name = ns == "breakglass-grants" ? $"made-{name}" : $"breakglass-made-{name}",
        NamespaceProperty = ns,
        Labels = new Dictionary<string, string> { [BreakGlassApi.GrantLabel] = "made" },
        Annotations = mark is null
            ? new Dictionary<string, string> { [BreakGlassApi.GrantUidAnnotation] = "grant-1" }
            : new Dictionary<string, string> { [BreakGlassApi.GrantUidAnnotation] = "grant-1", [BreakGlassApi.ExpiresAtAnnotation] = mark },
    };
}
