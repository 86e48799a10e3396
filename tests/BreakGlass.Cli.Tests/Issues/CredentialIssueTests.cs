using BreakGlass.Cli.Hosting;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Issues;

/// <summary>The credential plugin, of which several run at once.</summary>
public sealed class CredentialIssueTests : IDisposable
{
    private static readonly TimeSpan Limit = Eventually.Limit;
    private static readonly string[] Plugin = ["credential", "--policy", "payments-oncall", "--reason", "checkout is down"];

    private readonly PluginHarness _plugin = new();

    public CredentialIssueTests() => _plugin.Server.Put(A.Policy());

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task Whoever_acts_as_somebody_else_got_the_credential_of_the_one_before()
    {
        await GiveAsync("alices", "--as", "alice");
        await GiveAsync("bobs", "--as", "bob");
        _plugin.Out.Should().Contain("bobs").And.NotContain("alices");
        _plugin.Server.List<BreakGlassGrant>().Should().HaveCount(2);
    }

    [Fact]
    public async Task Waiting_in_vain_for_ones_turn_crashed()
    {
        await GiveAsync("first");
        var turn = Directory.GetFiles(_plugin.CredentialDirectory, "*.turn").Should().ContainSingle().Subject;
        using (CredentialFiles.Hold(turn))
        {
            _plugin["KUBECTL_BREAKGLASS_CREDENTIAL"] = "";
            var run = _plugin.RunAsync([.. Plugin, "--timeout", "1m"]);
            await _plugin.Clock.WhenTimerArmed(TimeSpan.FromMilliseconds(250)).WaitAsync(Limit, TimeProvider.System);
            _plugin.Clock.Advance(TimeSpan.FromMinutes(1));
            (await run).Should().Be(5);
        }

        _plugin.Error.Should().Contain("another command").And.Contain("--timeout");
    }

    [Fact]
    public async Task Two_that_came_at_once_for_the_first_time_both_had_their_turn()
    {
        for (var round = 0; round < 300; round++)
        {
            var path = Path.Combine(_plugin.Directory, $"{round}.turn");
            using var together = new Barrier(4);
            var held = 0;
            var all = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
            {
                together.SignalAndWait(Limit);
                try
                {
                    using var turn = CredentialFiles.Hold(path);
                    Interlocked.Increment(ref held);
                    together.SignalAndWait(Limit);
                }
                catch (IOException)
                {
                    together.SignalAndWait(Limit);
                }
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
            await Task.WhenAll(all).WaitAsync(Limit, TimeProvider.System);
            held.Should().Be(1);
        }
    }

    [Fact]
    public void What_is_held_was_swept_away_and_the_next_had_its_turn_too()
    {
        var path = Path.Combine(_plugin.CredentialDirectory, "x.turn");
        using var turn = CredentialFiles.Hold(path);
        File.SetLastWriteTimeUtc(path, A.Start.UtcDateTime - TimeSpan.FromDays(2));
        CredentialFiles.Sweep(new()
        {
            Out = TextWriter.Null, Error = TextWriter.Null, Input = TextReader.Null, Variable = _ => null, SetVariable = (_, _) => { }, Time = _plugin.Clock,
            Connect = _ => throw new NotSupportedException(), RunChild = (_, _) => Task.FromResult(0), CredentialDirectory = _plugin.CredentialDirectory,
            Interruptions = _plugin.Interruptions,
        });
        FluentActions.Invoking(() => CredentialFiles.Hold(path)).Should().Throw<IOException>();
    }

    private async Task GiveAsync(string token, params string[] flags)
    {
        _plugin["KUBECTL_BREAKGLASS_CREDENTIAL"] = "";
        _plugin.Clear();
        var before = _plugin.Server.List<BreakGlassGrant>().Count;
        var run = _plugin.RunAsync([.. Plugin, .. flags]);
        await Task.WhenAny(run, _plugin.Server.Until(() => _plugin.Server.List<BreakGlassGrant>().Count > before, "a grant"))
            .WaitAsync(Limit, TimeProvider.System);
        foreach (var grant in _plugin.Server.List<BreakGlassGrant>().Where(g => g.Status.Phase is null)) _plugin.Activate(grant.Metadata.Name, token);
        (await run).Should().Be(0, _plugin.Error);
    }
}
