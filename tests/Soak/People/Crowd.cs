using System.Globalization;
using System.Text.Json.Nodes;
using Soak.Faults;
using Soak.Observing;
using Soak.Site;

namespace Soak.People;

/// <summary>
/// Everybody who uses the operator, in an order that follows from the seed: who asks, approves, revokes, deletes and reviews, the wardens and the
/// pipeline that shut and open, and those who try what they must not.
/// </summary>
internal sealed class Crowd(SoakCluster cluster, Ledger ledger, Judge judge, History history, Random random)
{
    /// <summary>The cause of an end that is the grant's own deletion.</summary>
    public const string Deletion = "its deletion";

    private readonly Dictionary<(string Who, string Where), DateTimeOffset> _taken = [];
    private readonly List<Task> _errands = [];
    private int _number;

    /// <summary>Held by whoever writes policies, and by the fault that takes the webhooks away: what is written past them is not sealed.</summary>
    public SemaphoreSlim PolicyWrites { get; } = new(1);

    /// <summary>While set, what is asked for reaches no webhook, and must never open.</summary>
    public bool PastTheWebhooks { get; set; }

    /// <summary>
    /// While set, a request can reach the webhooks or pass them: their configurations are deleted or back, and the API server follows within a second or
    /// two. So an answer of admission is not judged.
    /// </summary>
    public bool WebhooksUncertain { get; set; }

    /// <summary>How often who asked was let in, and refused, by the policy.</summary>
    public SortedDictionary<string, (int Let, int Refused)> Asked { get; } = new(StringComparer.Ordinal);

    /// <summary>Acts until it is told to stop, and then finishes what it has begun.</summary>
    public async Task ActAsync(CancellationToken stop, CancellationToken cancellationToken)
    {
        while (!stop.IsCancellationRequested)
        {
            var dice = random.Next(100);
            Errand(dice switch
            {
                < 66 => AskAsync(Pick([.. Policies.All.Keys.Where(p => p is not "strong")]), random.Next(4), random.NextDouble(), cancellationToken),
                < 76 => RevokeAsync(random.Next(), cancellationToken),
                < 80 => DeleteAsync(random.Next(), cancellationToken),
                < 85 => LockDownAsync(random.Next(5) == 0 ? null : Pick([.. Policies.All.Keys]), cancellationToken),
                < 88 => ShutAsync(Pick(["now", "picked", "window"]), "suspended", cancellationToken),
                < 90 => ShutAsync(Pick(["now", "bound"]), "gone", cancellationToken),
                < 92 => ShutAsync("now", "narrowed", cancellationToken),
                _ => TrespassAsync(random.Next(3), cancellationToken),
            });
            _errands.RemoveAll(e => e.IsCompletedSuccessfully);
            await Clock.PauseAsync(1.2 + random.NextDouble() * 3.2, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(_errands);
    }

    /// <summary>Asks for a grant that a fault needs, and waits until it is active; null where it is not in time.</summary>
    public async Task<KnownGrant?> AskForAsync(string policy, int seconds, int attempts, CancellationToken cancellationToken)
    {
        for (var asked = 0; asked < attempts; asked++)
        {
            var grant = new KnownGrant(NextName(policy), policy, "erin", "team-0", bound: false);
            if (await SendAsync(grant, "erin", seconds, [], cancellationToken))
            {
                for (var tries = 0; tries < 100 && !grant.Over; tries++)
                {
                    if (grant is { Phase: "Active", Secret: not null }) return grant;
                    await Clock.PauseAsync(0.2, cancellationToken);
                }
            }

            // It may be shut for some seconds.
            await Clock.PauseAsync(4, cancellationToken);
        }

        return null;
    }

    /// <summary>Somebody reviews a grant that is over.</summary>
    public void Review(KnownGrant grant, CancellationToken cancellationToken) => Errand(ReviewAsync(grant, cancellationToken));

    private async Task AskAsync(string policy, int manner, double length, CancellationToken cancellationToken)
    {
        var who = SoakCluster.Requesters[_number % SoakCluster.Requesters.Count];
        var places = Policies.Places(policy);
        string place = places.Count == 0 ? (policy is "wide" ? "default" : "team-5") : places[_number / 3 % places.Count];
        if (policy is "wide") place = "team-1";
        var bound = policy is "bound";
        if (bound && !Take(who, place)) return;
        var grant = new KnownGrant(NextName(policy), policy, who, place, bound) { NeedsApproval = policy is "asked" };
        if (!await SendAsync(grant, who, (int)(5 + 50 * length * length), places.Count == 0 ? [] : [place], cancellationToken)) return;
        if (!grant.NeedsApproval) return;
        await Clock.PauseAsync(0.5 + length * 3, cancellationToken);
        if (manner == 0) await DecideAsync(grant, who, "Approve", allowed: false, cancellationToken);
        if (manner == 1) await DecideAsync(grant, "kim", "Deny", allowed: true, cancellationToken);
        if (manner >= 2) await DecideAsync(grant, manner == 2 ? "kim" : "carol", "Approve", allowed: true, cancellationToken);
    }

    private bool Take(string who, string place)
    {
        // Two grants of one person in one place could not be told apart by what the person may do there.
        lock (_taken)
        {
            if (_taken.TryGetValue((who, place), out var until) && until > Clock.Now) return false;
            _taken[(who, place)] = Clock.Now.AddMinutes(4);
            return true;
        }
    }

    private async Task<bool> SendAsync(
        KnownGrant grant, string who, int seconds, string[] namespaces, CancellationToken cancellationToken, JsonObject? stamp = null)
    {
        var spec = new JsonObject
        {
            ["policy"] = grant.Policy,
            ["justification"] = "checkout returns 5xx since the deploy, need to roll back",
            ["duration"] = $"{seconds.ToString(CultureInfo.InvariantCulture)}s",
        };
        if (namespaces.Length > 0) spec["namespaces"] = new JsonArray([.. namespaces.Select(n => (JsonNode)n)]);
        if (stamp is not null) spec["requester"] = stamp;
        var before = PastTheWebhooks;
        ledger.Add(grant);
        var answer = await cluster.Person(who).PostAsync($"{Api.Ours}/breakglassgrants", Object("BreakGlassGrant", grant.Name, spec), cancellationToken);
        if (before && PastTheWebhooks) grant.MustNotOpen ??= "it was asked for past the webhooks, and nobody sealed it";
        history.Say(grant.Name, $"{who} asks by {grant.Policy} for {seconds} s in {grant.Place}: {answer}");
        lock (Asked)
        {
            var (let, refused) = Asked.GetValueOrDefault(grant.Policy);
            Asked[grant.Policy] = answer.Ok ? (let + 1, refused) : (let, refused + 1);
        }

        if (!answer.Ok && !answer.Unknown) ledger.Remove(grant);
        return answer.Ok;
    }

    private async Task DecideAsync(KnownGrant grant, string who, string decision, bool allowed, CancellationToken cancellationToken)
    {
        // Taken or not, from here on an approval may be there.
        if (allowed && decision is "Approve" && !PastTheWebhooks) grant.Approved = true;
        var uncertain = WebhooksUncertain;
        var spec = new JsonObject { ["grant"] = grant.Name, ["decision"] = decision, ["comment"] = "go" };
        var answer = await cluster.Person(who).PostAsync(
            $"{Api.Ours}/breakglassapprovals", Object("BreakGlassApproval", $"{grant.Name}-{who}", spec), cancellationToken);
        history.Say(grant.Name, $"{who} decides {decision}: {answer}");
        if (answer.Ok && !allowed && !uncertain && !WebhooksUncertain) history.Violation("admitted", $"{who}, who may not, approved it", grant.Name);
    }

    private async Task RevokeAsync(int which, CancellationToken cancellationToken)
    {
        if (Chosen(which) is not { } grant) return;
        for (var tries = 0; tries < 20 && !grant.Over; tries++)
        {
            var answer = await cluster.Person(grant.Requester).PatchAsync(
                $"{Api.Ours}/breakglassgrants/{grant.Name}", """{"spec":{"revoke":{"reason":"done"}}}""", cancellationToken);
            if (tries == 0 || answer.Ok) history.Say(grant.Name, $"{grant.Requester} revokes it: {answer}");
            if (answer.Ok) grant.IsDue(Ends.ByWord, Clock.Now, "its revocation");
            if (answer.Ok || answer.Status == 404) return;
            await Clock.PauseAsync(0.5, cancellationToken);
        }
    }

    private async Task DeleteAsync(int which, CancellationToken cancellationToken)
    {
        if (Chosen(which) is not { } grant) return;
        var answer = await cluster.Admin.DeleteAsync($"{Api.Ours}/breakglassgrants/{grant.Name}", cancellationToken);
        history.Say(grant.Name, $"the administrator deletes it: {answer}");
        if (answer.Ok) grant.IsDue(Ends.ByWord, Clock.Now, Deletion);
    }

    private async Task LockDownAsync(string? policy, CancellationToken cancellationToken)
    {
        var name = $"shut-{Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture)}";
        var selector = policy is null ? new JsonObject() : new JsonObject { ["matchLabels"] = new JsonObject { ["soak"] = policy } };
        var spec = new JsonObject { ["reason"] = "token leaked", ["policySelector"] = selector };
        var wade = cluster.Person("wade");
        if (!await InsistAsync(
            () => wade.PostAsync($"{Api.Ours}/breakglasslockdowns", Object("BreakGlassLockdown", name, spec), cancellationToken), cancellationToken)) return;
        var shut = judge.Shut($"lockdown {name}", Ends.ByLockdown, g => policy is null || g.Policy == policy, ledger.Grants);
        history.Say($"lockdown {name} of {policy ?? "everything"}");
        await SettledAsync(shut, cancellationToken);
        shut.Until = Clock.Now;
        await InsistAsync(() => wade.DeleteAsync($"{Api.Ours}/breakglasslockdowns/{name}", cancellationToken), cancellationToken);
        history.Say($"lockdown {name} is lifted");
    }

    private async Task ShutAsync(string policy, string how, CancellationToken cancellationToken)
    {
        await PolicyWrites.WaitAsync(cancellationToken);
        try
        {
            var path = $"{Api.Ours}/breakglasspolicies/{policy}";
            Func<Task<ApiAnswer>> act = how switch
            {
                "suspended" => () => cluster.Admin.PatchAsync(path, """{"spec":{"suspended":true}}""", cancellationToken),
                "gone" => () => cluster.Admin.DeleteAsync(path, cancellationToken),
                _ => () => cluster.Admin.PatchAsync(
                    path, """{"spec":{"access":[{"name":"it","roleRef":{"kind":"ClusterRole","name":"view"},"namespaces":["team-0","team-1"]}]}}""",
                    cancellationToken),
            };
            if (!await InsistAsync(act, cancellationToken)) return;
            var shut = judge.Shut(
                $"policy {policy} is {how}", Ends.ByWord, g => g.Policy == policy && (how is not "narrowed" || g.Place == "team-2"), ledger.Grants);
            history.Say($"policy {policy} is {how}");
            await SettledAsync(shut, cancellationToken);
            shut.Until = Clock.Now;
            await Policies.WriteAsync(cluster, Policies.Manifest(policy), cancellationToken);
            history.Say($"policy {policy} is as it was");
        }
        finally
        {
            PolicyWrites.Release();
        }
    }

    // People do not lift a lockdown whose grants they see still open, nor bring a policy back.
    private async Task SettledAsync(Shut shut, CancellationToken cancellationToken)
    {
        await Clock.PauseAsync(7, cancellationToken);
        for (var tries = 0; tries < 300 && ledger.Grants.Any(g => shut.Ends(g) && (!g.Over || (g.WasOpen && g.Cut is null && !g.Deleted))); tries++)
            await Clock.PauseAsync(0.5, cancellationToken);
    }

    private async Task TrespassAsync(int which, CancellationToken cancellationToken)
    {
        var stranger = which == 0;
        var grant = new KnownGrant(NextName("trespass"), stranger ? "now" : "picked", stranger ? "mallory" : "bob", "team-2", bound: false)
        {
            MustNotOpen = stranger ? "mallory is no requester" : null,
        };
        var stamp = which == 1 ? new JsonObject { ["username"] = "alice", ["groups"] = new JsonArray("oncall") } : null;
        if (which == 2)
        {
            await ApproveNothingAsync(cancellationToken);
            return;
        }

        var uncertain = WebhooksUncertain;
        var let = await SendAsync(grant, grant.Requester, 10, stranger ? ["team-2"] : [], cancellationToken, stamp);
        if (let && stranger && !uncertain && !WebhooksUncertain)
            history.Violation("admitted", "a grant of mallory, who is no requester, was let in", grant.Name);
    }

    private async Task ApproveNothingAsync(CancellationToken cancellationToken)
    {
        if (ledger.Open.FirstOrDefault(g => g.NeedsApproval && g.Phase is "AwaitingApproval") is { } waiting)
            await DecideAsync(waiting, "bob", "Approve", allowed: false, cancellationToken);
    }

    private async Task ReviewAsync(KnownGrant grant, CancellationToken cancellationToken)
    {
        await Clock.PauseAsync(4, cancellationToken);
        var spec = new JsonObject { ["grant"] = grant.Name, ["outcome"] = "Justified", ["comment"] = "seen" };
        for (var tries = 0; tries < 30 && !grant.Deleted; tries++)
        {
            var answer = await cluster.Person("dora").PostAsync(
                $"{Api.Ours}/breakglassreviews", Object("BreakGlassReview", $"{grant.Name}-r", spec), cancellationToken);
            if (answer.Ok || answer.Status is 404 or 409 or 403 or 422) return;
            await Clock.PauseAsync(5, cancellationToken);
        }
    }

    private static async Task<bool> InsistAsync(Func<Task<ApiAnswer>> ask, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < 120; tries++)
        {
            var answer = await ask();

            // A try whose answer was lost may have been taken.
            if (answer.Ok || answer.Status == 409 || (answer.Status == 404 && tries > 0)) return true;
            await Clock.PauseAsync(0.5, cancellationToken);
        }

        return false;
    }

    private KnownGrant? Chosen(int which)
    {
        var open = ledger.Open.Where(g => g.Phase is "Active" && !g.Dues.Any(d => d.Ends is not Ends.ByTime))
            .OrderBy(g => g.Name, StringComparer.Ordinal).ToList();
        return open.Count == 0 ? null : open[which % open.Count];
    }

    private void Errand(Task errand) => _errands.Add(errand);

    private string NextName(string policy) => $"{policy}-{Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture)}";

    private string Pick(IReadOnlyList<string> from) => from[random.Next(from.Count)];

    private static JsonObject Object(string kind, string name, JsonObject spec) => new()
    {
        ["apiVersion"] = "breakglass.dev/v1alpha1",
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = spec.DeepClone(),
    };
}
