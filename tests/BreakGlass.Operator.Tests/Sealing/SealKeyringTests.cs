using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Sealing;
using BreakGlass.Operator.Tests.Time;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Sealing;

public sealed class SealKeyringTests : IDisposable
{
    private const string Ns = "breakglass-system";
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly KubeClient _client;

    public SealKeyringTests()
    {
        _server = new(_clock);
        InstalledRbac.Install(_server);
        _client = _server.CreateClient(InstalledRbac.Operator);
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task The_first_replica_makes_the_keys_and_all_agree_on_them()
    {
        using var one = Book();
        using var two = Book();
        await Task.WhenAll(one.RefreshAsync(default), two.RefreshAsync(default));
        await two.RefreshAsync(default);
        one.Keys.All.Should().ContainSingle().Which.Secret.Length.Should().Be(32);
        one.Keys.SameAs(two.Keys).Should().BeTrue();
        two.Verify(Sealed(one, A.Policy())).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task A_lost_Secret_is_written_again_by_whoever_remembers_it()
    {
        using var one = Book();
        await one.RefreshAsync(default);
        var policy = Sealed(one, A.Policy());
        _server.Delete<V1Secret>(SealKeyring.SecretName, Ns);
        await one.RefreshAsync(default);
        using var two = Book();
        await two.RefreshAsync(default);
        two.Verify(policy).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task A_read_of_the_keys_that_was_given_up_tells_nothing_about_a_seal_by_a_new_key()
    {
        using var one = Book();
        using var two = Book();
        await one.RefreshAsync(default);
        await two.RefreshAsync(default);
        _server.Modify<V1Secret>(SealKeyring.SecretName, Ns, s => s with { Data = SealKeys.None.Rotated(_clock.GetUtcNow(), "fresh", new byte[32]).Write() });
        await one.RefreshAsync(default);
        var policy = Sealed(one, A.Policy());
        _clock.Advance(SealKeyring.Period);

        var patience = TimeSpan.FromMilliseconds(500);
        using (_server.Faults.Inject(Fault.Hang, "get", "secrets", times: null))
        {
            var judging = two.CanJudgeAsync([policy], patience, default).AsTask();
            await _clock.WhenTimerArmed(patience);
            _clock.Advance(patience);
            (await judging.Soon("the end of the patience")).Should().BeFalse();
        }

        (await two.CanJudgeAsync([policy], patience, default)).Should().BeFalse("it is too soon to read them again, and nobody has read them");
        _clock.Advance(TimeSpan.FromSeconds(1));
        (await two.CanJudgeAsync([policy], patience, default)).Should().BeTrue();
        two.Verify(policy).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task A_key_that_is_taken_out_verifies_no_more()
    {
        using var keyring = Book();
        await keyring.RefreshAsync(default);
        var policy = Sealed(keyring, A.Policy());
        _server.Modify<V1Secret>(SealKeyring.SecretName, Ns, s => s with { Data = SealKeys.None.Rotated(_clock.GetUtcNow(), "fresh", new byte[32]).Write() });
        await keyring.RefreshAsync(default);
        keyring.Verify(policy).Should().Be(SealState.Broken);
    }

    [Fact]
    public async Task An_unknown_key_makes_the_keys_be_read_again_and_not_at_every_question()
    {
        using var one = Book();
        using var two = Book();
        await one.RefreshAsync(default);
        await two.RefreshAsync(default);
        _clock.Advance(TimeSpan.FromDays(31));
        await one.RotateAsync(default);
        _clock.Advance(TimeSpan.FromMinutes(2));
        var policy = Sealed(one, A.Policy());
        two.Verify(policy).Should().Be(SealState.Broken, "its key was not read yet");
        (await two.VerifyAsync(policy, default)).Should().Be(SealState.Valid);

        var unknown = policy with { Metadata = policy.Metadata with { Annotations =
            new Dictionary<string, string> { [Seal.Annotation] = Seal.Of(policy)!.Replace(one.Keys.All[^1].Id, "ffffff", StringComparison.Ordinal) } } };
        _server.Requests.Clear();
        for (var i = 0; i < 10; i++) (await two.VerifyAsync(unknown, default)).Should().Be(SealState.Broken);
        _server.Requests.All.Should().HaveCountLessThanOrEqualTo(1);
    }

    [Fact]
    public async Task Before_there_are_keys_nothing_is_sealed_and_where_they_cannot_be_had_those_at_hand_stay()
    {
        using var keyring = Book();
        FluentActions.Invoking(() => keyring.Make(A.Policy(), A.Start)).Should().Throw<InvalidOperationException>().WithMessage("*breakglass-seal-keys*");
        keyring.IsReady.Should().BeFalse();
        await keyring.RefreshAsync(default);
        var policy = Sealed(keyring, A.Policy());
        _server.Delete<V1Role>("breakglass-operator", Ns);
        await keyring.RefreshAsync(default);
        keyring.Verify(policy).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task The_leader_rotates_after_30_days_and_touches_the_policies_of_the_old_key()
    {
        using var keyring = Book();
        await keyring.RefreshAsync(default);
        var policy = _server.Put(Sealed(keyring, A.Policy()));
        var unsealed = _server.Put(A.Policy(name: "unsealed", uid: "policy-2"));
        var caches = new ClusterCaches(_client, new(), _clock, NullLoggerFactory.Instance);
        caches.Learn(policy);
        caches.Learn(unsealed);
        var resealer = new Resealer(_client, keyring, caches, _clock, NullLogger.Instance);

        _clock.Advance(TimeSpan.FromDays(29));
        await keyring.RotateAsync(default);
        await resealer.ResealAsync(default);
        keyring.Keys.All.Should().ContainSingle();
        _server.Get<BreakGlassPolicy>(policy.Metadata.Name)!.AnnotationsOrEmpty.Should().NotContainKey(Resealer.TouchedAnnotation);

        _clock.Advance(TimeSpan.FromDays(1));
        await keyring.RotateAsync(default);
        keyring.Keys.All.Should().HaveCount(2);
        await resealer.ResealAsync(default);
        _server.Get<BreakGlassPolicy>(policy.Metadata.Name)!.AnnotationsOrEmpty
            .Should().NotContainKey(Resealer.TouchedAnnotation, "the new key is not in use yet");
        _clock.Advance(TimeSpan.FromHours(1));
        await resealer.ResealAsync(default);
        _server.Get<BreakGlassPolicy>(policy.Metadata.Name)!.AnnotationsOrEmpty.Should().ContainKey(Resealer.TouchedAnnotation);
        _server.Get<BreakGlassPolicy>("unsealed")!.AnnotationsOrEmpty.Should().NotContainKey(Resealer.TouchedAnnotation);
    }

    [Fact]
    public async Task While_a_compromised_key_is_dropped_its_rotation_alone_chooses_what_is_sealed_again()
    {
        using var keyring = Book();
        await keyring.RefreshAsync(default);
        var policy = _server.Put(Sealed(keyring, A.Policy()));
        var caches = new ClusterCaches(_client, new(), _clock, NullLoggerFactory.Instance);
        caches.Learn(policy);
        var resealer = new Resealer(_client, keyring, caches, _clock, NullLogger.Instance);
        (await keyring.ReplaceAsync(new() { Id = "r-1", Overlap = "0s" }, _clock.GetUtcNow(), _client, default)).Should().NotBeNull();

        await resealer.ResealAsync(default);
        _server.Get<BreakGlassPolicy>(policy.Metadata.Name)!.AnnotationsOrEmpty.Should().NotContainKey(Resealer.TouchedAnnotation);
        await resealer.ResealAsync(text => text == Seal.Of(policy), default);
        _server.Get<BreakGlassPolicy>(policy.Metadata.Name)!.AnnotationsOrEmpty.Should().ContainKey(Resealer.TouchedAnnotation);
    }

    [Fact]
    public async Task A_clock_that_disagrees_with_the_servers_rotates_no_key_and_drops_none()
    {
        var steady = SteadyClock.Following(_client, _clock);
        using var keyring = new SealKeyring(_client, Ns, steady, NullLogger.Instance);
        await keyring.RefreshAsync(default);
        await _client.AgreeAsync(_clock);
        _clock.JumpWallClock(TimeSpan.FromDays(400));
        _server.DateSkew = -TimeSpan.FromDays(400);
        await keyring.RotateAsync(default);
        keyring.Keys.All.Should().ContainSingle();

        _server.DateSkew = TimeSpan.Zero;
        await _client.AgreeAsync(_clock);
        await keyring.RotateAsync(default);
        keyring.Keys.All.Should().HaveCount(2);
    }

    private SealKeyring Book() => new(_client, Ns, _clock, NullLogger.Instance);

    private static T Sealed<T>(SealKeyring keyring, T o)
        where T : class, IKubernetesObject<V1ObjectMeta> => o.WithMetadata(
            o.Metadata with { Annotations = new Dictionary<string, string> { [Seal.Annotation] = keyring.Make(o, o.Metadata.CreatedAt!.Value).ToString() } });
}
