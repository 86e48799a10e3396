using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>When access ends, and what sets this time.</summary>
public sealed class GrantEndValueTests
{
    private static readonly DateTimeOffset Start = A.Start;

    /// <param name="recorded">Minutes from the activation to the recorded end.</param>
    /// <param name="max">The policy's maximum as it is now; null if there is no policy.</param>
    /// <param name="created">Minutes from the creation to the activation.</param>
    /// <param name="at">Minutes from the activation to the end.</param>
    /// <param name="by">What sets the end.</param>
    [Theory]
    [InlineData(30, "1h", 0, 30, EndLimit.Record)]
    [InlineData(30, null, 0, 30, EndLimit.Record)]
    [InlineData(30, "30m", 0, 30, EndLimit.Record)]
    [InlineData(30, "20m", 0, 20, EndLimit.Policy)]
    [InlineData(30, "soon", 0, 30, EndLimit.Record)]
    [InlineData(13 * 60, null, 0, 12 * 60, EndLimit.LongestGrant)]
    [InlineData(13 * 60, "1h", 0, 60, EndLimit.Policy)]
    [InlineData(12 * 60, null, 90, (13 * 60) - 90, EndLimit.LongestGrant)]
    public void The_earliest_of_all_limits_is_the_end(int recorded, string? max, int created, int at, EndLimit by)
    {
        var grant = Grant(Start.AddMinutes(recorded), Start.AddMinutes(-created));
        var policy = max is null ? null : A.Policy(s => s with { Duration = new() { Default = "1m", Max = max } });
        GrantEnd.Of(grant, policy, A.Settings).Should().Be(new GrantEnd(Start.AddMinutes(at), by));
        if (by is not EndLimit.Policy) GrantEnd.Of(grant, A.Settings).Should().Be(GrantEnd.Of(grant, policy, A.Settings));
    }

    /// <param name="idle">The policy's idle timeout.</param>
    /// <param name="used">Minutes from the activation to the last use; null if there was none.</param>
    /// <param name="at">Minutes from the activation to the end.</param>
    /// <param name="by">What sets the end.</param>
    [Theory]
    [InlineData("10m", null, 10, EndLimit.Idle)]
    [InlineData("10m", 5, 15, EndLimit.Idle)]
    [InlineData("10m", -5, 10, EndLimit.Idle)]
    [InlineData("10m", 25, 30, EndLimit.Record)]
    [InlineData("0s", 5, 30, EndLimit.Record)]
    [InlineData("soon", 5, 30, EndLimit.Record)]
    [InlineData(null, 5, 30, EndLimit.Record)]
    public void A_grant_that_is_not_used_ends_earlier_and_never_later(string? idle, int? used, int at, EndLimit by)
    {
        var (grant, policy) = (Grant(Start.AddMinutes(30), Start), A.Policy(s => s with { IdleTimeout = idle }));
        DateTimeOffset? lastUse = used is { } minutes ? Start.AddMinutes(minutes) : null;
        GrantEnd.OfIdle(grant, policy, lastUse, A.Settings).Should().Be(new GrantEnd(Start.AddMinutes(at), by));
        GrantEnd.Of(grant, policy, A.Settings).Should().Be(new GrantEnd(Start.AddMinutes(30), EndLimit.Record), "the end of all others is not moved");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(GrantPhase.Expired)]
    [InlineData(GrantPhase.Revoked)]
    [InlineData(GrantPhase.Failed)]
    public void What_has_no_record_or_is_over_has_no_end(GrantPhase? phase)
    {
        var grant = Grant(phase is null ? null : Start.AddMinutes(30), Start);
        GrantEnd.Of(grant with { Status = grant.Status with { Phase = phase } }, A.Settings).Should().BeNull();
    }

    [Fact]
    public void A_grant_that_waited_for_approvers_has_the_longest_time_from_when_they_could_have_decided()
    {
        var grant = Grant(DateTimeOffset.MaxValue, Start);
        var waited = grant with { Status = grant.Status with { ActivatedAt = null, Transitions = [new() { To = GrantPhase.AwaitingApproval }] } };
        var latest = Start + ApprovalRules.LongestWait + A.Settings.LatestActivation + BreakGlassApi.LongestGrant;
        GrantEnd.Of(waited, A.Settings).Should().Be(new GrantEnd(latest, EndLimit.LongestGrant));
        GrantEnd.Of(grant with { Status = grant.Status with { ActivatedAt = DateTimeOffset.MaxValue } }, A.Settings)!.By.Should().Be(EndLimit.LongestGrant);
    }

    [Theory]
    [InlineData(null, 30, EndLimit.Record)]
    [InlineData(30, 30, EndLimit.Record)]
    [InlineData(20, 20, EndLimit.Window)]
    public void Access_is_recorded_up_to_the_end_of_the_window(int? window, int at, EndLimit by) =>
        GrantEnd.Recorded(Start, TimeSpan.FromMinutes(30), window is { } w ? new Window(Start, Start.AddMinutes(w)) : null)
            .Should().Be(new GrantEnd(Start.AddMinutes(at), by));

    [Theory]
    [InlineData(null, 30, EndLimit.Record)]
    [InlineData(40, 30, EndLimit.Record)]
    [InlineData(20, 20, EndLimit.Token)]
    public void A_token_that_the_API_server_made_shorter_ends_first(int? token, int at, EndLimit by)
    {
        DateTimeOffset? ends = token is { } minutes ? Start.AddMinutes(minutes) : null;
        var status = new GrantStatus { ExpiresAt = Start.AddMinutes(30), CredentialExpiresAt = ends };
        GrantEnd.OfToken(status).Should().Be(new GrantEnd(Start.AddMinutes(at), by));
    }

    [Theory]
    [InlineData("2026-11-22T01:32:03Z", 30, EndLimit.Record)]
    [InlineData("2033-11-22T01:32:03Z", 12 * 60, EndLimit.LongestGrant)]
    [InlineData("soon", 12 * 60, EndLimit.LongestGrant)]
    [InlineData(null, 12 * 60, EndLimit.LongestGrant)]
    public void An_object_says_its_end_and_gives_nothing_for_longer_than_the_longest_grant(string? annotation, int at, EndLimit by)
    {
        Dictionary<string, string> annotations = annotation is null ? [] : new() { [BreakGlassApi.ExpiresAtAnnotation] = annotation };
        var o = new V1RoleBinding { Metadata = new() { Name = "b", CreatedAt = Start, Annotations = annotations } };
        GrantEnd.OfObject(o).Should().Be(new GrantEnd(Start.AddMinutes(at), by));
        GrantEnd.OfObject(new V1RoleBinding { Metadata = new() { Name = "b" } }).Should().BeNull();
    }

    private static BreakGlassGrant Grant(DateTimeOffset? ends, DateTimeOffset created)
    {
        var grant = A.Grant();
        return grant with
        {
            Metadata = grant.Metadata with { CreatedAt = created },
            Status = new() { Phase = GrantPhase.Active, ActivatedAt = ends is null ? null : Start, ExpiresAt = ends },
        };
    }
}
