using System.Net;

namespace BreakGlass.Cli.Evidence;

/// <summary>All that is recorded of one grant.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Policy">Its policy as it is now; null where it is gone or must not be read.</param>
/// <param name="Approvals">The decisions on it.</param>
/// <param name="Reviews">The reviews of it.</param>
/// <param name="Session">What was done with it; null where there is no record, or it must not be read.</param>
/// <param name="Events">What was told of it; the API server forgets events after an hour unless told otherwise.</param>
/// <param name="Unread">What could not be read, in words.</param>
/// <param name="At">When this was read.</param>
internal sealed record GrantEvidence(
    BreakGlassGrant Grant, BreakGlassPolicy? Policy, IReadOnlyList<BreakGlassApproval> Approvals, IReadOnlyList<BreakGlassReview> Reviews,
    BreakGlassSession? Session, IReadOnlyList<Eventsv1Event> Events,
    IReadOnlyList<string> Unread, DateTimeOffset At)
{
    /// <summary>What <see cref="Unread"/> calls events.</summary>
    public const string EventsWord = "events";

    /// <summary>What <see cref="Unread"/> calls the record of the requests.</summary>
    public const string SessionWord = "the session";

    /// <summary>What the journal has of its streams; null if no journal was given.</summary>
    public JournalEvidence? Journal { get; init; }

    /// <summary>Whether it is still open, so that more may come.</summary>
    public bool IsPreliminary => !Grant.Status.IsTerminal || Conditions.Find(Grant.Status.Conditions, GrantConditions.Reviewed) is { Status: not "True" };

    public static async Task<GrantEvidence> ReadAsync(KubeClient client, string name, TimeProvider time, CancellationToken cancellationToken)
    {
        var grant = await client.GetAsync<BreakGlassGrant>(name, null, cancellationToken);
        var unread = new List<string>();
        var approvals = await IfAllowedAsync(client.ListAsync<BreakGlassApproval>(new(), cancellationToken));
        if (approvals is null) unread.Add("approvals");
        var reviews = await IfAllowedAsync(client.ListAsync<BreakGlassReview>(new(), cancellationToken));
        if (reviews is null) unread.Add("reviews");
        var events = await EventsAsync(client, name, cancellationToken);
        if (events is null) unread.Add(EventsWord);
        BreakGlassSession? session = null;
        try
        {
            session = await client.TryGetAsync<BreakGlassSession>(name, null, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            unread.Add(SessionWord);
        }

        BreakGlassPolicy? policy = null;
        try
        {
            policy = await client.TryGetAsync<BreakGlassPolicy>(grant.Spec.Policy, null, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            unread.Add("the policy");
        }

        // A namesake's decisions are not this grant's; those without a stamp stay, and stand as they are.
        bool OfThis(string of, string? uid) => of == name && (uid is null || uid == grant.Metadata.Uid);
        return new(
            grant, policy,
            [.. (approvals ?? []).Where(a => OfThis(a.Spec.Grant, a.Spec.GrantUid)).OrderBy(a => a.Metadata.CreatedAt)],
            [.. (reviews ?? []).Where(r => OfThis(r.Spec.Grant, r.Spec.GrantUid)).OrderBy(r => r.Metadata.CreatedAt)],
            OfThis(name, session?.Status.GrantUid) ? session : null,
            [.. (events ?? []).Where(e => e.Regarding?.Kind == nameof(BreakGlassGrant) && e.Regarding.Name == name
                && (e.Regarding.Uid is null || e.Regarding.Uid == grant.Metadata.Uid)).OrderBy(e => e.EventTime)],
            unread, client.Now(time));
    }

    /// <summary>
    /// The server picks them out: a cluster has more events than anybody wants to fetch. Who may not read them everywhere may where those about cluster-wide
    /// objects are, which is one of two namespaces, by the server's release.
    /// </summary>
    private static async Task<IReadOnlyList<Eventsv1Event>?> EventsAsync(KubeClient client, string grant, CancellationToken cancellationToken)
    {
        ListQuery In(string? ns) => new() { Namespace = ns, FieldSelector = $"regarding.kind={nameof(BreakGlassGrant)},regarding.name={grant}" };
        if (await IfAllowedAsync(client.ListAsync<Eventsv1Event>(In(null), cancellationToken)) is { } all) return all;
        var some = await IfAllowedAsync(client.ListAsync<Eventsv1Event>(In("default"), cancellationToken));
        var others = await IfAllowedAsync(client.ListAsync<Eventsv1Event>(In("kube-system"), cancellationToken));
        return some is null && others is null ? null : [.. some ?? [], .. others ?? []];
    }

    /// <summary>Null where they may not be read.</summary>
    private static async Task<IReadOnlyList<T>?> IfAllowedAsync<T>(Task<KubeList<T>> list)
    {
        try
        {
            return (await list).Items;
        }
        catch (KubeApiException e) when (e.Code is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
        {
            return null;
        }
    }
}
