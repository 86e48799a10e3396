using System.Text;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

public sealed class RotateTests : IDisposable
{
    private const string Ns = "breakglass-system";

    private static readonly TimeSpan Limit = Eventually.Limit;
    private static readonly SigningKey OldKey = SigningKey.Of("breakglass.example.com/test", new byte[SigningKey.SeedSize]);

    private readonly PluginHarness _plugin = new();

    public RotateTests() => _plugin.Server.CreateNamespace(Ns);

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task Each_phase_is_a_line_and_the_command_ends_when_the_old_key_is_refused()
    {
        PutMap();
        var run = _plugin.RunAsync("rotate", "seals", "--overlap", "0");
        var request = await RequestedAsync("seals");
        request.Overlap.Should().Be("0s");
        request.Problem.Should().BeNull();
        Answer("seals", p => p.With(RotationPhase.NewKey, "Seals are made with the new key k2.", _plugin.Clock.GetUtcNow()));
        await StepAsync(run);
        Answer("seals", p => p.With(RotationPhase.Replaced, "Everything is sealed again.", _plugin.Clock.GetUtcNow())
            .With(RotationPhase.OldRefused, "key k1 no longer verifies anything.", _plugin.Clock.GetUtcNow()));
        await StepAsync(run);

        (await run.WaitAsync(Limit, TimeProvider.System)).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("""
            seals: NewKey: Seals are made with the new key k2.
            seals: Replaced: Everything is sealed again.
            seals: OldRefused: key k1 no longer verifies anything.

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task With_an_overlap_it_ends_when_everything_rests_on_the_new_key()
    {
        PutMap();
        var run = _plugin.RunAsync("rotate", "seals", "--overlap", "24h");
        await RequestedAsync("seals");
        Answer("seals", p => p.With(RotationPhase.NewKey, "a", _plugin.Clock.GetUtcNow()).With(RotationPhase.Replaced, "b", _plugin.Clock.GetUtcNow()));
        await StepAsync(run);
        (await run.WaitAsync(Limit, TimeProvider.System)).Should().Be(0, _plugin.Error);
    }

    [Fact]
    public async Task Of_all_keys_those_that_the_operator_does_not_have_are_named_and_the_others_are_rotated()
    {
        PutMap();
        var run = _plugin.RunAsync("rotate", "all", "--overlap", "0");
        foreach (var key in RotatedKeys.All) await RequestedAsync(key);
        foreach (var key in new[] { "seals", "webhook-ca" }) Answer(key, p => p.With(RotationPhase.OldRefused, "done", _plugin.Clock.GetUtcNow()));
        Answer("gateway-ca", p => p with { Refused = true, Problem = "The operator has no gateway: --gateway-url is not set." });
        await StepAsync(run);
        (await run.WaitAsync(Limit, TimeProvider.System)).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().Contain("gateway-ca: The operator has no gateway");
    }

    [Fact]
    public async Task A_key_that_the_operator_does_not_have_is_refused()
    {
        PutMap();
        var run = _plugin.RunAsync("rotate", "gateway-ca", "--overlap", "0");
        await RequestedAsync("gateway-ca");
        Answer("gateway-ca", p => p with { Refused = true, Problem = "The operator has no gateway: --gateway-url is not set." });
        await StepAsync(run);
        (await run.WaitAsync(Limit, TimeProvider.System)).Should().Be(3);
    }

    [Fact]
    public async Task Without_an_operator_that_knows_it_the_command_says_what_to_check()
    {
        (await _plugin.RunAsync("rotate", "seals", "--overlap", "0")).Should().Be(4);
        _plugin.Error.Should().Contain("kubectl get pods -n breakglass-system").And.Contain("--namespace");
    }

    [Theory]
    [InlineData("seals")]
    [InlineData("seals --overlap soon")]
    [InlineData("seals --overlap 2500h")]
    [InlineData("everything --overlap 0")]
    [InlineData("seals --overlap 0 --journal-secret breakglass-journal-key")]
    public async Task A_rotation_needs_a_key_that_there_is_and_an_overlap(string words)
    {
        PutMap();
        (await _plugin.RunAsync(["rotate", .. words.Split(' ')])).Should().Be(2);
        _plugin.Server.Get<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns)!.Data.OrEmpty().Should().BeEmpty();
    }

    [Fact]
    public async Task Who_stops_waiting_reads_that_the_rotation_goes_on()
    {
        PutMap();
        using var interrupt = new CancellationTokenSource();
        var run = _plugin.RunAsync(interrupt.Token, "rotate", "seals", "--overlap", "0");
        await RequestedAsync("seals");
        await _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1)).WaitAsync(Limit, TimeProvider.System);
        await interrupt.CancelAsync();
        (await run.WaitAsync(Limit, TimeProvider.System)).Should().Be(130);
        _plugin.Error.Should().Contain("goes on").And.Contain("kubectl get configmap -n breakglass-system breakglass-rotation");
    }

    [Fact]
    public async Task An_API_server_that_does_not_answer_for_a_while_does_not_end_the_wait()
    {
        PutMap();
        var fault = _plugin.Server.Faults.Inject(Fault.InternalError, "get", "configmaps", times: null);
        var run = _plugin.RunAsync("rotate", "seals", "--overlap", "0");
        await RequestedAsync("seals");
        await PauseAsync(run);
        await PauseAsync(run);
        run.IsCompleted.Should().BeFalse();
        fault.Dispose();
        Answer("seals", p => p.With(RotationPhase.OldRefused, "done", _plugin.Clock.GetUtcNow()));
        for (var pauses = 0; pauses < 20 && !run.IsCompleted; pauses++) await PauseAsync(run);
        (await run.WaitAsync(Limit, TimeProvider.System)).Should().Be(0, _plugin.Error);
    }

    [Fact]
    public async Task The_operator_cannot_replace_the_journals_key_and_the_command_says_what_to_do()
    {
        (await _plugin.RunAsync("rotate", "journal-key", "--overlap", "0")).Should().Be(3);
        _plugin.Error.Should().Contain("--journal-secret").And.Contain("docs/journal.md");
    }

    [Theory]
    [InlineData("0", 1)]
    [InlineData("24h", 2)]
    public async Task The_journals_key_is_replaced_in_its_Secret_and_one_that_has_leaked_signs_nothing_more(string overlap, int signers)
    {
        PutJournalKey(OldKey.ToSecretText() + "\n");
        (await _plugin.RunAsync("rotate", "journal-key", "--overlap", overlap, "--journal-secret", "breakglass-journal-key")).Should().Be(0, _plugin.Error);

        var secret = _plugin.Server.Get<V1Secret>("breakglass-journal-key", Ns)!;
        var text = Encoding.UTF8.GetString(secret.Data!["journal.key"]);
        SigningKey.TryParse(text, out var key).Should().BeTrue();
        (key.Verifier.Name, key.Verifier.Id == OldKey.Verifier.Id).Should().Be((OldKey.Verifier.Name, false));
        text.Split('\n').Count(line => line.StartsWith("PRIVATE+KEY", StringComparison.Ordinal)).Should().Be(signers);
        text.Should().Contain(signers == 1 ? $"\n{OldKey.Verifier}\n" : $"\n{OldKey.ToSecretText()}\n");
        secret.Data["other"].Should().Equal(1, 2, 3);
        _plugin.Out.Trim().Should().Be($"{key.Verifier}", "auditors need it");
        _plugin.Error.Should().Contain("kubectl rollout restart").And.NotContain("PRIVATE");
    }

    [Fact]
    public async Task A_key_file_that_the_operator_would_not_read_any_more_is_not_written()
    {
        var full = string.Join('\n', Enumerable.Repeat(OldKey.ToSecretText(), SigningKey.LargestFile / OldKey.ToSecretText().Length));
        PutJournalKey(full);
        (await _plugin.RunAsync("rotate", "journal-key", "--overlap", "24h", "--journal-secret", "breakglass-journal-key")).Should().Be(3);
        _plugin.Error.Should().Contain("Remove the oldest lines first").And.NotContain("PRIVATE");
        Encoding.UTF8.GetString(_plugin.Server.Get<V1Secret>("breakglass-journal-key", Ns)!.Data!["journal.key"]).Should().Be(full);
    }

    [Fact]
    public async Task The_journals_key_is_rotated_with_all_others_and_nothing_is_requested_if_that_fails()
    {
        PutMap();
        PutJournalKey("no key");
        (await _plugin.RunAsync("rotate", "all", "--overlap", "0", "--journal-secret", "breakglass-journal-key")).Should().Be(1);
        _plugin.Error.Should().Contain("has no key of a journal in 'journal.key'");
        (await _plugin.RunAsync("rotate", "all", "--overlap", "0", "--journal-secret", "other")).Should().Be(4);
        _plugin.Error.Should().Contain($"Secret {Ns}/other does not exist");
        Data().Should().BeEmpty();

        PutJournalKey(OldKey.ToSecretText());
        var run = _plugin.RunAsync("rotate", "all", "--overlap", "0", "--journal-secret", "breakglass-journal-key", "--wait=false");
        (await run).Should().Be(0, _plugin.Error);
        Data().Keys.Should().BeEquivalentTo(RotatedKeys.All);
    }

    private void PutJournalKey(string text) => _plugin.Server.Put(new V1Secret
    {
        Metadata = new() { Name = "breakglass-journal-key", NamespaceProperty = Ns },
        Data = new Dictionary<string, byte[]> { ["journal.key"] = Encoding.UTF8.GetBytes(text), ["other"] = [1, 2, 3] },
    });

    private void PutMap() => _plugin.Server.Put(new V1ConfigMap { Metadata = new() { Name = RotatedKeys.ConfigMapName, NamespaceProperty = Ns } });

    private async Task<RotationRequest> RequestedAsync(string key)
    {
        await _plugin.Server.Until(() => Data().ContainsKey(key), $"a request for {key}").WaitAsync(Limit, TimeProvider.System);
        return RotationRequest.Read(Data()[key])!;
    }

    private IReadOnlyDictionary<string, string> Data() => _plugin.Server.Get<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns)!.Data.OrEmpty();

    private void Answer(string key, Func<RotationProgress, RotationProgress> change)
    {
        var id = RotationRequest.Read(Data()[key])!.Id;
        var known = RotationProgress.Read(Data().GetValueOrDefault(RotatedKeys.ProgressOf(key))) ?? new() { Id = id };
        _plugin.Server.Modify<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, m => m with
        {
            Data = new Dictionary<string, string>(m.Data.OrEmpty()) { [RotatedKeys.ProgressOf(key)] = change(known).Write() },
        });
    }

    /// <summary>Lets a pause go by, of the command or of its client.</summary>
    private async Task PauseAsync(Task run)
    {
        var armed = _plugin.Clock.WhenTimersArmed(timers => timers.Any(t => t <= TimeSpan.FromSeconds(9)), "a pause");
        await Task.WhenAny(run, armed).WaitAsync(Limit, TimeProvider.System);
        if (armed.IsCompleted) _plugin.Clock.Advance(_plugin.Clock.ArmedTimers[0]);
    }

    /// <summary>Lets the command read once more, unless it is over.</summary>
    private async Task StepAsync(Task run)
    {
        var armed = _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1));
        await Task.WhenAny(run, armed).WaitAsync(Limit, TimeProvider.System);
        if (armed.IsCompleted) _plugin.Clock.Advance(TimeSpan.FromSeconds(1));
    }
}
