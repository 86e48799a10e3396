using BreakGlass.Operator.Notifications;

namespace BreakGlass.Operator.Announcing;

/// <summary>Tells the world as Kubernetes events: of each thing on the grant and, for those who look at the policy, on the policy. Receivers of
/// notifications, where there are any, are told the same.</summary>
internal sealed class Announcer(EventRecorder recorder, Notifier? notifier = null)
{
    public void Tell(BreakGlassGrant grant, BreakGlassPolicy? policy, GrantNote note)
    {
        var onGrant = Reference(grant);
        var onPolicy = policy is null ? null : Reference(policy);
        recorder.Record(Event(note, note.Text, onGrant, onPolicy));
        notifier?.Tell(grant, note);
        if (onPolicy is not null) recorder.Record(Event(note, $"{grant.Metadata.Name}: {note.Text}", onPolicy, onGrant));
    }

    /// <summary>Of a policy or a lockdown, on itself.</summary>
    public void Tell(IKubernetesObject<V1ObjectMeta> about, GrantNote note)
    {
        recorder.Record(Event(note, note.Text, Reference(about), null));
        notifier?.Tell(about, note);
    }

    /// <summary>
    /// Of an object that was left over: on the grant that it says it was made for, though there may be none. On the object itself it would have to
    /// stand in the object's namespace, and the operator may write no events there.
    /// </summary>
    public void Tell(string grant, IKubernetesObject<V1ObjectMeta> leftOver, GrantNote note) => recorder.Record(Event(note, note.Text, new()
    {
        ApiVersion = BreakGlassApi.ApiVersion,
        Kind = nameof(BreakGlassGrant),
        Name = grant,
        Uid = leftOver.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.GrantUidAnnotation),
    }, Reference(leftOver)));

    private static EventNote Event(GrantNote note, string text, V1ObjectReference regarding, V1ObjectReference? related) => new()
    {
        Type = note.Warning ? EventSeverity.Warning : EventSeverity.Normal,
        Reason = note.Reason,
        Action = note.Action,
        Note = text,
        Distinct = note.About,
        Regarding = regarding,
        Related = related,
    };

    private static V1ObjectReference Reference(IKubernetesObject<V1ObjectMeta> o) => new()
    {
        ApiVersion = o.ApiVersionName,
        Kind = o.KindName,
        Name = o.Metadata.Name,
        NamespaceProperty = o.Metadata.NamespaceProperty,
        Uid = o.Metadata.Uid,
        ResourceVersion = o.Metadata.ResourceVersion,
    };
}
