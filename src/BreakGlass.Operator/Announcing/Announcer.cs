using BreakGlass.Operator.Notifications;

namespace BreakGlass.Operator.Announcing;

/// <summary>
/// Projects what happened, and nothing else does: to Kubernetes events (on the grant, on its policy and on the authority of its voucher), notifications,
/// metrics and the log. A further projection is one more call here.
/// </summary>
internal sealed class Announcer(
    EventRecorder recorder, OperatorMetrics metrics, ILogger logger, Notifier? notifier = null, CoreSettings? settings = null,
    Func<string, BreakGlassDrill?>? drills = null)
{
    private readonly CoreSettings _settings = settings ?? new();

    /// <summary>A status of a grant that was written, with the events of its transition.</summary>
    public void Announce(BreakGlassGrant before, BreakGlassGrant after, BreakGlassPolicy? policy, IReadOnlyList<GrantEvent> events)
    {
        EventMetrics.Count(metrics, before, after, policy, DrillOf(after) is not null);
        foreach (var happened in events) Announce(after, policy, happened);
    }

    /// <summary>What happened to a grant.</summary>
    public void Announce(BreakGlassGrant grant, BreakGlassPolicy? policy, GrantEvent happened)
    {
        if (DrillOf(grant) is { } drill) happened = happened with { Text = $"Drill {drill}: {happened.Text}" };
        Project(grant, policy, happened);
        if (policy is not null) Record(policy, grant, happened, $"{grant.Metadata.Name}: {happened.Text}");
        if (happened.Authority is { } authority) Record(authority, grant, happened, $"{grant.Metadata.Name}: {happened.Text}");
    }

    /// <summary>What happened to a policy, a lockdown, an authority or a drill.</summary>
    public void Announce(IKubernetesObject<V1ObjectMeta> about, GrantEvent happened) => Project(about, null, happened);

    /// <summary>
    /// What happened to an object whose grant is gone: on the grant that it names. A Kubernetes event on the object itself would have to be in the object's
    /// namespace, and the operator may write no events there.
    /// </summary>
    public void AnnounceOrphan(string grant, GrantEvent happened)
    {
        var uid = happened.Object!.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.GrantUidAnnotation);
        Project(new BreakGlassGrant { Metadata = new() { Name = grant, Uid = uid } }, happened.Object, happened);
    }

    private void Project(IKubernetesObject<V1ObjectMeta> about, IKubernetesObject<V1ObjectMeta>? related, GrantEvent happened)
    {
        var drill = DrillOf(about);
        EventMetrics.Count(metrics, about, happened, drill is not null);
        Record(about, related, happened, happened.Text);
        notifier?.Notify(about, happened, drill, drill is not null && drills?.Invoke(drill)?.Spec.Mode is DrillMode.Announced);
        logger.Announced(happened.Warning ? LogLevel.Warning : LogLevel.Information, happened.Reason, about.KindName, about.Metadata.Name, about.Metadata.Uid);
    }

    /// <summary>The drill, if the object is the grant of one. A label that somebody else put on a grant silences nothing.</summary>
    private string? DrillOf(IKubernetesObject<V1ObjectMeta> about) =>
        about is BreakGlassGrant grant && DrillRules.IsDrill(grant, _settings) ? DrillRules.NamedBy(grant) : null;

    private void Record(IKubernetesObject<V1ObjectMeta> about, IKubernetesObject<V1ObjectMeta>? related, GrantEvent happened, string text) =>
        recorder.Record(new()
        {
            Type = happened.Warning ? EventSeverity.Warning : EventSeverity.Normal,
            Reason = happened.Reason,
            Action = happened.Action,
            Note = text,
            Distinct = happened.Distinct,
            Regarding = Reference(about),
            Related = related is null ? null : Reference(related),
        });

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
