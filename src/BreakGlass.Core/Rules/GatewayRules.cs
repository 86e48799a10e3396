using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>
/// Whether the grants of a policy go through the gateway. An operator without one gives no access to them; it does not take the access of live grants away,
/// whose path was decided before.
/// </summary>
public static class GatewayRules
{
    /// <summary>Whether the path is Gateway.</summary>
    public static bool IsRequired(PolicySpec policy) => policy.Session?.Path is SessionPath.Gateway;

    /// <summary>What the gateway records of the grants of a policy; null if they do not go through it.</summary>
    public static RecordingTerms? Recording(PolicySpec policy) => policy.Session is { Path: SessionPath.Gateway } terms
        ? new() { Record = terms.Record, Input = terms.RecordInput, OnFailure = terms.OnRecordingFailure } : null;

    /// <summary>Whether the gateway shows when the grants of a policy are used: it reports their requests.</summary>
    public static bool ShowsUse(PolicySpec policy) => policy.Session is { Path: SessionPath.Gateway, Record: not RecordingMode.None };

    /// <summary>Whether the gateway shows when a grant is used, as decided when access was given.</summary>
    public static bool ShowsUse(GrantStatus status) => status is { Path: SessionPath.Gateway, Recording.Record: not RecordingMode.None };

    /// <summary>Whether what happens in exec and attach is recorded.</summary>
    public static bool RecordsStreams(PolicySpec policy) => policy.Session is { Path: SessionPath.Gateway, Record: RecordingMode.Streams };

    /// <summary>Why no access can be given by the policy's path, or because it could not be recorded; null if it can.</summary>
    public static Problem? Lacks(PolicySpec policy, CoreSettings settings)
    {
        if (IsRequired(policy) && !settings.HasGateway) return new(DenialReasons.NoGateway, "spec.session.path",
            "the policy requires the gateway, and the operator has none, so no grant is activated; set --gateway-url, or set path to Direct");
        return RecordsStreams(policy) && !settings.HasJournal ? new(PolicyConditions.NotSupported, "spec.session.record",
            "recordings are stored in the journal, and the operator has none, so no grant is activated; set --journal-directory or --journal-bucket, or set "
                + "record to Requests") : null;
    }
}
