using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>What the mutating webhook seals while a compromised key is dropped: people who have the key can have sealed anything with it.</summary>
public sealed class CompromisedKeyTests : IAsyncLifetime
{
    private const string Policy = "payments-oncall";

    private WebhookHarness _webhooks = null!;
    private SealKey _leaked = null!;

    public async Task InitializeAsync()
    {
        _webhooks = await WebhookHarness.OpenAsync();
        _webhooks.LetBind("boss");
        (await _webhooks.CreateAsync(A.Policy(), WebhookHarness.User("boss"))).Allowed.Should().BeTrue();
        (await _webhooks.CreateAsync(A.Grant(), Alice)).Allowed.Should().BeTrue();
        _leaked = _webhooks.Book.Keys.Current(_webhooks.Clock.GetUtcNow())!;
        await _webhooks.Book.ReplaceAsync(new() { Id = "r-1", Overlap = "0s" }, _webhooks.Clock.GetUtcNow(), _webhooks.Client, default);
        KeyOf<BreakGlassPolicy>(Policy).Should().Be(_leaked.Id);
    }

    public Task DisposeAsync()
    {
        _webhooks.Dispose();
        return Task.CompletedTask;
    }

    private static V1UserInfo Alice => WebhookHarness.User("alice", "payments-oncall");

    [Fact]
    public async Task What_somebody_sealed_with_it_gets_no_other_seal_by_a_change_beside()
    {
        var stored = _webhooks.Stored<BreakGlassPolicy>(Policy);
        var wider = stored with { Spec = stored.Spec with { Requesters = [.. stored.Spec.Requesters, A.User("mallory")] } };
        _webhooks.Server.Put(With(wider, Seal.Make(wider, _leaked, stored.Metadata.CreatedAt!.Value)));

        var touched = await _webhooks.UpdateAsync<BreakGlassPolicy>(
            Policy, p => p with { Metadata = p.Metadata with { Labels = A.Labels(("team", "payments")) } }, WebhookHarness.User("mallory"));
        touched.Allowed.Should().BeTrue();
        KeyOf<BreakGlassPolicy>(Policy).Should().Be(_leaked.Id);
        var described = await _webhooks.UpdateAsync<BreakGlassPolicy>(
            Policy, p => p with { Spec = p.Spec with { Description = "on call" } }, WebhookHarness.User("mallory"));
        described.Message.Should().Contain("is not allowed to give");

        await _webhooks.Book.AdvanceAsync("r-1", RotationPhase.OldRefused, _webhooks.Client, default);
        _webhooks.SealOf<BreakGlassPolicy>(Policy).Should().Be(SealState.Broken);
    }

    [Fact]
    public async Task The_leader_brings_the_new_seal_with_it()
    {
        var stored = _webhooks.Stored<BreakGlassPolicy>(Policy);
        var current = _webhooks.Book.Keys.Current(_webhooks.Clock.GetUtcNow())!;
        var again = Seal.Make(stored, current, stored.Metadata.CreatedAt!.Value);
        (await _webhooks.UpdateAsync<BreakGlassPolicy>(Policy, p => With(p, again), WebhookHarness.User("operator"))).Allowed.Should().BeTrue();
        KeyOf<BreakGlassPolicy>(Policy).Should().Be(current.Id);
        _webhooks.SealOf<BreakGlassPolicy>(Policy).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task An_author_who_may_bind_the_roles_and_a_person_who_ends_access_are_sealed_as_always()
    {
        await _webhooks.UpdateAsync<BreakGlassPolicy>(Policy, p => p with { Spec = p.Spec with { Description = "on call" } }, WebhookHarness.User("boss"));
        KeyOf<BreakGlassPolicy>(Policy).Should().NotBe(_leaked.Id);

        var revoked = await _webhooks.UpdateAsync<BreakGlassGrant>(
            "inc-4711", g => g with { Spec = g.Spec with { Revoke = new() { Reason = "done" } } }, Alice);
        (revoked.Allowed, revoked.Warnings.Count).Should().Be((true, 0));
        _webhooks.SealOf<BreakGlassGrant>("inc-4711").Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task A_person_who_suspends_a_policy_is_sealed_as_always_whoever_it_is()
    {
        var answer = await _webhooks.UpdateAsync<BreakGlassPolicy>(
            Policy, p => p with { Spec = p.Spec with { Suspended = true } }, WebhookHarness.User("mallory"));
        answer.Allowed.Should().BeTrue();
        string.Join('\n', answer.Warnings).Should().NotContain("seal");
        KeyOf<BreakGlassPolicy>(Policy).Should().NotBe(_leaked.Id);
        var lifted = await _webhooks.UpdateAsync<BreakGlassPolicy>(
            Policy, p => p with { Spec = p.Spec with { Suspended = false } }, WebhookHarness.User("mallory"));
        lifted.Message.Should().Contain("is not allowed to give");
    }

    [Theory]
    [InlineData("boss", true)]
    [InlineData("mallory", false)]
    public async Task An_authority_can_be_restricted_by_anybody_and_is_sealed_for_those_who_may_write_it(string user, bool isSealed)
    {
        var terms = AVoucher.Terms;
        _webhooks.Server.Modify<BreakGlassPolicy>(Policy, null, p => p with { Spec = p.Spec with { Vouchers = terms } });
        var authority = AVoucher.Desk.Authority();
        _webhooks.Server.Put(authority with
        {
            Metadata = authority.Metadata with
            {
                CreatedAt = A.Start,
                Annotations = new Dictionary<string, string> { [Seal.Annotation] = Seal.Make(authority, _leaked, A.Start).ToString() },
            },
        });

        var answer = await _webhooks.UpdateAsync<BreakGlassAuthority>(
            authority.Metadata.Name, a => a with { Spec = a.Spec with { Revoked = ["v-7"] } }, WebhookHarness.User(user));

        answer.Allowed.Should().BeTrue();
        if (!isSealed) answer.Warnings.Should().ContainSingle().Which.Should().Contain("breakglass.dev/seal=renew");
        await _webhooks.Book.AdvanceAsync("r-1", RotationPhase.OldRefused, _webhooks.Client, default);
        _webhooks.SealOf<BreakGlassAuthority>(authority.Metadata.Name).Should().Be(isSealed ? SealState.Valid : SealState.Broken);
    }

    private string KeyOf<T>(string name)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Seal.TryParse(Seal.Of(_webhooks.Stored<T>(name)), out var seal) ? seal.KeyId : "";

    private static BreakGlassPolicy With(BreakGlassPolicy policy, Seal seal) => policy with
    {
        Metadata = policy.Metadata with { Annotations = new Dictionary<string, string>(policy.Metadata.Annotations!) { [Seal.Annotation] = seal.ToString() } },
    };
}
