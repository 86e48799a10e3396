using System.Globalization;
using System.Text;
using Soak.Faults;
using Soak.Observing;
using Soak.People;
using Soak.Site;

namespace Soak;

/// <summary>
/// One run: people use the operator, faults come one after another, and an observer looks all the time whether anything is so that must never be.
/// </summary>
internal sealed class SoakRun(SoakOptions options, Action<string> tell)
{
    // The longest grant, the reaper's minute, and the time that proofs take.
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(150);

    /// <summary>Runs it and gives the violations and a summary for people.</summary>
    public async Task<(IReadOnlyList<string> Violations, string Summary)> RunAsync(CancellationToken cancellationToken)
    {
        using var history = new History(options.Seed, tell);
        tell($"seed {options.Seed}, {options.Length.TotalMinutes.ToString("0.#", CultureInfo.InvariantCulture)} min; history in {history.Directory}");
        await using var cluster = await SoakCluster.StartAsync(options, history, cancellationToken);
        tell($"Kubernetes {cluster.ControlPlane.ServerVersion}, operator {options.Operator}");
        using var run = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (times, stalls) = (new FaultTimes(history), new Stalls());
        var judge = new Judge(history, times, stalls);
        var prober = new Prober(cluster, history, judge, times);
        List<Task> followed = [];
        Crowd? crowd = null;
        var ledger = new Ledger(cluster, history, judge)
        {
            Activated = grant => { lock (followed) followed.Add(prober.FollowAsync(grant, run.Token)); },
            Ended = grant => crowd!.Review(grant, run.Token),
        };
        crowd = new Crowd(cluster, ledger, judge, history, new Random(options.Seed));
        var (stage, evidence, leftovers) = (new Stage(cluster, crowd, ledger, times, history), new Evidence(cluster, ledger, history),
            new Leftovers(cluster, ledger, times, history));

        List<Task> keepers = [.. cluster.Replicas.Select(r => r.KeepAsync(run.Token)), cluster.ReapAsync(run.Token)];
        await stage.CalmAsync(run.Token);
        foreach (var policy in Policies.All.Keys) await Policies.WriteAsync(cluster, Policies.Manifest(policy), run.Token);
        keepers.AddRange([ledger.WatchAsync(run.Token), stalls.RunAsync(cluster.Admin, () => stage.ServerIsFrozen, run.Token), evidence.WatchAsync(run.Token),
            leftovers.WatchAsync(run.Token)]);
        try
        {
            await UntilAsync(DisturbAsync(stage, crowd, run.Token), keepers);
            tell("quiet: everything has to come to its end");
            await UntilAsync(EndAsync(stage, ledger, leftovers, evidence, run.Token), keepers);
            lock (followed) keepers.AddRange(followed);
        }
        finally
        {
            await run.CancelAsync();
            await Task.WhenAll(keepers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var summary = Summary(cluster, ledger, crowd, times, judge, stalls, evidence, history);
        await File.WriteAllTextAsync(Path.Combine(history.Directory, "summary.txt"), summary, CancellationToken.None);
        return (history.Violations, summary);
    }

    private async Task DisturbAsync(Stage stage, Crowd crowd, CancellationToken cancellationToken)
    {
        var random = new Random(options.Seed + 1);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(options.Length);
        var acting = crowd.ActAsync(over.Token, cancellationToken);
        foreach (var faults in Catalogue.Rounds(random, options.Only))
        {
            await Clock.PauseAsync(4 + random.Next(8), over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await stage.CalmAsync(cancellationToken);
            if (over.IsCancellationRequested || cancellationToken.IsCancellationRequested) break;
            var seed = random.Next();

            // One more that will have to end while the fault is there, or to outlive it.
            await crowd.AskForAsync("strong", 5 + random.Next(30), 1, cancellationToken);
            await Task.WhenAll(faults.Select((fault, i) => fault.MakeAsync(stage, new Random(seed + i), cancellationToken)));
        }

        await acting;
    }

    private static async Task EndAsync(Stage stage, Ledger ledger, Leftovers leftovers, Evidence evidence, CancellationToken cancellationToken)
    {
        await stage.CalmAsync(cancellationToken);
        var until = Clock.Now + s_quiet;
        IReadOnlyList<(string What, KnownGrant? Grant)> left;
        do
        {
            await Clock.PauseAsync(2, cancellationToken);
            left = await leftovers.FindAsync(cancellationToken);
        }
        while (Clock.Now < until && (left.Count > 0 || ledger.Open.Count > 0));
        foreach (var (what, grant) in left) stage.History.Violation("nothing left over", $"{what} is there at the end", grant?.Name);
        foreach (var grant in ledger.Open.Where(g => g.Uid is not null))
            stage.History.Violation("everything ends", $"is {grant.Phase ?? "not looked at"} at the end", grant.Name);
        await Clock.PauseAsync(10, cancellationToken);
        await evidence.LookAsync(cancellationToken);
        await evidence.CompareAsync(cancellationToken);
    }

    // Whoever keeps the world running must not end before the run does.
    private static async Task UntilAsync(Task work, IEnumerable<Task> keepers)
    {
        var first = await Task.WhenAny([work, .. keepers]);
        await first;
        await work;
    }

    private string Summary(SoakCluster cluster, Ledger ledger, Crowd crowd, FaultTimes times, Judge judge, Stalls stalls, Evidence evidence, History history)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        var grants = ledger.Grants.Where(g => g.Uid is not null).ToList();
        var (minutes, version) = (options.Length.TotalMinutes, cluster.ControlPlane.ServerVersion);
        Line($"soak: seed {options.Seed}, {minutes:0.#} min on Kubernetes {version}: {history.Violations.Count} violations");
        var (let, asked) = (grants.Count, crowd.Asked.Values.Sum(a => a.Let + a.Refused));
        var (activated, used) = (grants.Count(g => g.Activations > 0), grants.Count(g => g.WasOpen));
        var (events, counted) = (evidence.Events, evidence.Counted);
        Line($"  grants: {let} let in of {asked} asked for, {activated} activated, {used} used; events for {events}, metrics count {counted:0}");
        Line($"  by policy: {string.Join(", ", crowd.Asked.Select(a => $"{a.Key} {a.Value.Let}"))}");
        Line($"  ends: {string.Join(", ", grants.GroupBy(g => g.EndReason ?? "none").OrderByDescending(g => g.Count()).Select(g => $"{g.Key} {g.Count()}"))}");
        Line($"  faults: {string.Join(", ", times.Counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"))}");
        foreach (var (faults, (byTime, byWord)) in judge.Worst)
            Line($"  latest access after its end, {faults}: {byTime:0.00} s past expiry, {byWord:0.00} s past revocation or lockdown");
        foreach (var r in cluster.Replicas)
        {
            var (all, own) = r.MostMemory;
            Line($"  memory, {r.Name}: at most {all:0} MiB resident ({own:0} of its own), {r.Lives.Count} processes, {r.Restarts} ended by themselves");
        }

        var (ticks, answers) = stalls.Total;
        Line($"  the machine was behind by {ticks.TotalSeconds:0.0} s in all; the API server's answers by {answers.TotalSeconds:0.0} s");
        return text.ToString();
    }
}
