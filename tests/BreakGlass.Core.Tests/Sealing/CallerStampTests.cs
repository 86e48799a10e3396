using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sealing;

/// <summary>A stamp holds what decisions read; what an authenticator says beside is neither stored nor a reason to keep anybody out.</summary>
public sealed class CallerStampTests
{
    private static readonly BreakGlassPolicy Policy = A.Policy(s => s with
    {
        Mode = PolicyMode.JustInTime,
        RequireClaims = [new() { Key = "example.com/amr", Values = ["mfa"] }],
        Approval = new() { Approvers = [A.Group("commanders")] },
        Review = new() { Reviewers = [A.Group("security")] },
    });

    private static readonly Caller Alice = new()
    {
        Username = "alice",
        Uid = "7",
        Groups = [.. Enumerable.Range(0, 1000).Select(i => $"team-{i}"), "payments-oncall", "commanders", "security"],
        Extra = new Dictionary<string, IReadOnlyList<string>>
        {
            ["iam.gke.io/user-assertion"] = [new('e', 1600)], ["example.com/amr"] = ["mfa"], ["example.com/id"] = ["4711",
                " "], ["example.com/site"] = ["berlin"],
        },
    };

    [Fact]
    public void A_thousand_groups_and_an_assertion_become_what_the_policy_asks_about()
    {
        var stamp = CallerStamp.By([Policy], new()).Of(Alice);
        stamp.Groups.Should().Equal("payments-oncall", "commanders", "security");
        stamp.GroupCount.Should().Be(1003);
        stamp.Extra!.Keys.Should().Equal("example.com/amr");
        stamp.Person.Should().BeEmpty();
        JsonSerializer.Serialize(stamp, BreakGlassApi.Json<Caller>()).Should().NotContain("eeee");
    }

    [Fact]
    public void What_the_operator_is_told_to_keep_is_kept_and_says_who_the_person_is()
    {
        var stamp = CallerStamp.By([], new() { StampExtra = ["example.com/site"], PersonClaims = ["example.com/id"] }).Of(Alice);
        stamp.Groups.Should().BeEmpty();
        stamp.Extra!.Keys.Should().BeEquivalentTo("example.com/site", "example.com/id");
        stamp.Person.Should().Equal("example.com/id=4711");
    }

    [Fact]
    public void The_hash_is_that_of_sort_and_sha256sum()
    {
        // printf '%s\n' b a b | LC_ALL=C sort -u | sha256sum
        CallerStamp.HashOf(["b", "a", "b"]).Should().Be("sha256:911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2");
        CallerStamp.HashOf([]).Should().Be("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    [Fact]
    public void Whoever_takes_access_away_leaves_a_name_and_nothing_more()
    {
        var lockdown = new JsonObject();
        Stamps.OnCreate(nameof(BreakGlassLockdown), lockdown, Alice, null, CallerStamp.By([Policy], new()));
        lockdown["by"]!.ToJsonString().Should().Be("""{"username":"alice","uid":"7"}""");
        var grant = new JsonObject { ["revoke"] = new JsonObject() };
        Stamps.OnUpdate(nameof(BreakGlassGrant), grant, [], Alice);
        grant["revoke"]!["by"]!.ToJsonString().Should().Be("""{"username":"alice","uid":"7"}""");
    }

    [Fact]
    public void A_seal_made_before_the_stamp_had_its_new_members_still_fits()
    {
        var key = new SealKey("k1", A.Start, new byte[32]);
        var old = A.Grant(s => s with { Requester = new() { Username = "alice", Groups = ["payments-oncall", "other"] } });
        var written = JsonSerializer.SerializeToNode(old, KubeKinds.Of<BreakGlassGrant>().Json)!;
        var requester = written["spec"]!["requester"]!.AsObject();
        foreach (var member in (string[])["person", "groupCount", "groupsHash"]) requester.Remove(member);
        var read = written.Deserialize(KubeKinds.Of<BreakGlassGrant>().Json)!;
        Seal.Make(read, key, A.Start).ToString().Should().Be(Seal.Make(old, key, A.Start).ToString());
    }
}
