using TestKit;

namespace Simulation;

/// <summary>All that goes wrong between operators and the API server, and with the operators themselves.</summary>
internal sealed class Trouble(World world, Random random, Action<string> say)
{
    private static readonly string[] Watched = ["breakglassgrants", "breakglasspolicies", "namespaces", "clusterroles", "rolebindings",
        "serviceaccounts", "secrets"];
    private readonly List<(IDisposable Hold, DateTimeOffset Until)> _holds = [];
    private readonly List<Replica> _running = [];

    public void Act()
    {
        foreach (var (hold, until) in _holds.Where(h => h.Until <= world.Now).ToList())
        {
            hold.Dispose();
            _holds.Remove((hold, until));
        }

        switch (random.Next(10))
        {
            case < 5: Inject(); break;
            case 5: HoldBack(); break;
            case 6 or 7: DisturbWatches(); break;
            default: ChangeReplicas(); break;
        }
    }

    /// <summary>Ends all of it: one operator runs, at least, and can reach the server.</summary>
    public void Calm()
    {
        world.Server.Faults.Clear();
        foreach (var (hold, _) in _holds) hold.Dispose();
        _holds.Clear();
        Bury();
        foreach (var doomed in _running) doomed.Handler.KillAfterWrite(int.MaxValue / 2);
        if (_running.Count == 0) Start();
    }

    private void Inject()
    {
        var fault = random.Next(8) switch
        {
            0 => Fault.Conflict,
            1 => Fault.TooManyRequests(random.Next(1, 4)),
            2 => Fault.InternalError,
            3 => Fault.DroppedBeforeWrite,
            4 => Fault.LostAnswer,
            5 => Fault.Refused,
            6 => Fault.HangAfterWrite,
            _ => Fault.Latency(TimeSpan.FromMilliseconds(random.Next(10, 4000))),
        };
        var (part, times) = (random.Next(1, 5), random.Next(1, 8));

        // Reviews and reads, too; a watch that hangs is what WatchControl is for.
        world.Server.Faults.Inject(fault, c => c.Verb is not ("watch" or "list") && c.Path.Length % part == 0, random.Next(3), times);
        say($"{times} x {fault}");
    }

    private void HoldBack()
    {
        var resource = random.Pick(Watched)!;
        var until = world.Now.AddSeconds(random.Next(1, 60));
        say($"the cache of {resource} stands still until {until:T}");
        _holds.Add((world.Server.Watches.HoldBack(resource), until));
    }

    private void DisturbWatches()
    {
        var resource = random.Pick(Watched)!;
        bool Which(FakeWatch w) => w.Resource.Plural == resource;
        var kind = random.Next(6);
        say($"watches of {resource}: {kind}");
        switch (kind)
        {
            case 0: world.Server.Watches.Close(Which); break;
            case 1: world.Server.Watches.Break(Which); break;
            case 2: world.Server.Watches.SendError(500, "InternalError", "injected", Which); break;
            case 3: world.Server.Watches.SendError(429, "TooManyRequests", "injected", Which); break;
            case 4: world.Server.Watches.Expire(Which); break;
            default:
                world.Server.Compact();
                world.Server.Watches.Break();
                break;
        }
    }

    private void ChangeReplicas()
    {
        Bury();
        if (_running.Count == 0 || (_running.Count == 1 && random.Next(3) == 0))
        {
            say(_running.Count == 0 ? "an operator starts" : "a second operator acts, too");
            Start();
            return;
        }

        var victim = random.Pick(_running)!;
        if (random.Next(4) == 0)
        {
            say("an operator is stopped in order");
            victim.Stop();
            _running.Remove(victim);
            return;
        }

        var writes = random.Next(6);
        say($"an operator dies after {writes} writes");
        victim.Handler.KillAfterWrite(writes, random.Next(2) == 0);
        Bury();
    }

    private void Bury()
    {
        foreach (var dead in _running.Where(r => r.IsDead).ToList())
        {
            dead.Kill();
            _running.Remove(dead);
        }
    }

    private void Start() => _running.Add(world.Start());
}
