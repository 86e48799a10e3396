using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using Kube.Model;

namespace BreakGlass.Core.Rules;

/// <summary>
/// What makes a policy usable. The same rules as the schema and its CEL rules, since servers before 1.25 ignore CEL, and those that need
/// more than the manifest itself.
/// </summary>
public static class PolicyRules
{
    /// <summary>The reason of a problem that the policy's author has to mend.</summary>
    public const string Invalid = "InvalidPolicy";

    /// <summary>The reason where a policy asks for something that this version cannot enforce.</summary>
    public const string NotSupported = "NotSupported";

    /// <summary>A policy's regular expressions run on what requesters write: matching is linear in time by construction.</summary>
    public const RegexOptions TicketRegexOptions = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>All problems of a policy; empty where it can be used.</summary>
    public static IReadOnlyList<Problem> Check(BreakGlassPolicy policy, CoreSettings settings)
    {
        var problems = new List<Problem>();
        var spec = policy.Spec;
        if (policy.Metadata.Name.Length > BreakGlassApi.LongestName)
        {
            problems.Add(new(Invalid, "metadata.name", $"at most {BreakGlassApi.LongestName} characters, since the name becomes a label value"));
        }

        if (spec.Mode is null) problems.Add(new(Invalid, "spec.mode", "required; write BreakGlass, JustInTime or TimeBoxed"));
        CheckSubjects(problems, "spec.requesters", spec.Requesters);
        CheckAccess(problems, spec, settings);
        CheckDurations(problems, spec);
        CheckTicketPattern(problems, spec.Justification?.TicketPattern);
        CheckModeAgainstSections(problems, spec);
        CheckSupport(problems, spec);
        return problems;
    }

    /// <summary>What a policy asks for that this version cannot enforce. A restriction that is not enforced must not look as if it were.</summary>
    private static void CheckSupport(List<Problem> problems, PolicySpec spec)
    {
        void Refuse(bool asked, string field, string what)
        {
            if (asked) problems.Add(new(NotSupported, field, $"{what} cannot be enforced by this version of the operator, so no grant is given; remove it, or wait for the version that can"));
        }

        Refuse(spec.Mode is PolicyMode.JustInTime or PolicyMode.TimeBoxed, "spec.mode", $"mode {spec.Mode}");
        Refuse(spec.Mode is not PolicyMode.BreakGlass && spec.Approval is not null, "spec.approval", "approval");
        Refuse(spec.Mode is PolicyMode.TimeBoxed && spec.Schedule is not null, "spec.schedule", "a schedule");
        Refuse(spec.Limits is { } limits && (limits.MaxActive ?? limits.MaxActivePerRequester) is not null, "spec.limits", "a limit");
        Refuse(spec.Limits?.Cooldown is not null, "spec.limits.cooldown", "a cooldown");
        Refuse(spec.RequireClaims.Count > 0, "spec.requireClaims", "a required claim");
        Refuse(spec.IdleTimeout is not null, "spec.idleTimeout", "an idle timeout");
        Refuse(spec.RolePinning is RolePinning.Suspend, "spec.rolePinning", "Suspend");
    }

    private static void CheckModeAgainstSections(List<Problem> problems, PolicySpec spec)
    {
        if (spec.Mode is PolicyMode.BreakGlass && spec.Approval is not null)
        {
            problems.Add(new(Invalid, "spec.approval", "a policy of mode BreakGlass gives access at once and takes no approval; use mode JustInTime, or remove it"));
        }

        if (spec.Mode is PolicyMode.JustInTime && spec.Approval is null)
        {
            problems.Add(new(Invalid, "spec.approval", "required for mode JustInTime; say how many approvals are needed and from whom"));
        }

        if (spec.Mode is PolicyMode.TimeBoxed != spec.Schedule is not null && spec.Mode is not null)
        {
            problems.Add(new(Invalid, "spec.schedule", spec.Schedule is null
                ? "required for mode TimeBoxed; say in which windows access is given"
                : "only for mode TimeBoxed; use that mode, or remove it"));
        }

        if (spec.Mode is not (PolicyMode.JustInTime or null) && spec.EmergencyBypass is not null)
        {
            problems.Add(new(Invalid, "spec.emergencyBypass", "only for mode JustInTime; use that mode, or remove it"));
        }

        if (spec.Mode is PolicyMode.BreakGlass && spec.Review?.Required is false)
        {
            problems.Add(new(Invalid, "spec.review.required", "a policy of mode BreakGlass is always reviewed; write true, or leave it out"));
        }
    }

    private static void CheckSubjects(List<Problem> problems, string field, IReadOnlyList<Subject> subjects)
    {
        if (subjects.Count == 0) problems.Add(new(Invalid, field, "at least one subject; say who may ask, e.g. {kind: Group, name: payments-oncall}"));
        for (var i = 0; i < subjects.Count; i++)
        {
            var subject = subjects[i];
            if (subject.Kind is not ("User" or "Group" or "ServiceAccount"))
            {
                problems.Add(new(Invalid, $"{field}[{i}].kind", $"'{subject.Kind}' is none of User, Group and ServiceAccount"));
            }

            if (subject.Name.Length == 0) problems.Add(new(Invalid, $"{field}[{i}].name", "required"));
            if (subject.Kind == "ServiceAccount" && string.IsNullOrEmpty(subject.Namespace))
            {
                problems.Add(new(Invalid, $"{field}[{i}].namespace", "required for a ServiceAccount"));
            }
        }
    }

    private static void CheckAccess(List<Problem> problems, PolicySpec spec, CoreSettings settings)
    {
        if (spec.Access.Count == 0) problems.Add(new(Invalid, "spec.access", "at least one entry; say which role is given, and where"));
        var names = new HashSet<string>();
        for (var i = 0; i < spec.Access.Count; i++)
        {
            var entry = spec.Access[i];
            var field = $"spec.access[{i}]";
            if (entry.Name.Length == 0) problems.Add(new(Invalid, $"{field}.name", "required; grants choose entries by it"));
            if (!names.Add(entry.Name)) problems.Add(new(Invalid, $"{field}.name", $"'{entry.Name}' is there twice; names are unique in the list"));
            if (entry.RoleRef.Kind is not ("ClusterRole" or "Role")) problems.Add(new(Invalid, $"{field}.roleRef.kind", "write ClusterRole or Role"));
            if (entry.RoleRef.Name.Length == 0) problems.Add(new(Invalid, $"{field}.roleRef.name", "required"));

            var places = (entry.Namespaces.Count > 0 ? 1 : 0) + (entry.NamespaceSelector is null ? 0 : 1) + (entry.ClusterWide is true ? 1 : 0);
            if (places != 1) problems.Add(new(Invalid, field, "exactly one of namespaces, namespaceSelector and clusterWide: true says where the role is given"));
            if (entry.RoleRef.Kind == "Role" && entry.Namespaces.Count == 0)
            {
                problems.Add(new(Invalid, $"{field}.roleRef.kind", "a Role lives in a namespace, so the entry needs namespaces; use a ClusterRole for a selector or the whole cluster"));
            }

            foreach (var ns in entry.Namespaces.Where(settings.IsProtected))
            {
                problems.Add(new(Invalid, $"{field}.namespaces", $"'{ns}' holds the operator or the credentials of other grants, so no policy can reach it; remove it"));
            }

            foreach (var requirement in entry.NamespaceSelector?.MatchExpressions ?? [])
            {
                if (requirement.Operator is not ("In" or "NotIn" or "Exists" or "DoesNotExist"))
                {
                    problems.Add(new(Invalid, $"{field}.namespaceSelector", $"operator '{requirement.Operator}' is none of In, NotIn, Exists and DoesNotExist"));
                }
                else if (requirement.Operator is "In" or "NotIn" && requirement.Values.Count == 0)
                {
                    problems.Add(new(Invalid, $"{field}.namespaceSelector", $"operator {requirement.Operator} needs values"));
                }
            }
        }
    }

    private static void CheckDurations(List<Problem> problems, PolicySpec spec)
    {
        var usual = Duration(problems, "spec.duration.default", spec.Duration.Default);
        var max = Duration(problems, "spec.duration.max", spec.Duration.Max);
        Duration(problems, "spec.retainFor", spec.RetainFor);
        if (max > BreakGlassApi.LongestGrant)
        {
            problems.Add(new(Invalid, "spec.duration.max", $"{spec.Duration.Max} is longer than {GoDuration.Format(BreakGlassApi.LongestGrant)}, the longest a grant can be"));
        }

        if (usual == TimeSpan.Zero) problems.Add(new(Invalid, "spec.duration.default", "must be more than zero"));
        if (usual > max) problems.Add(new(Invalid, "spec.duration.default", $"{spec.Duration.Default} is longer than max, {spec.Duration.Max}"));
    }

    private static TimeSpan? Duration(List<Problem> problems, string field, string? text)
    {
        if (GoDuration.TryParse(text, out var duration)) return duration;
        problems.Add(new(Invalid, field, $"'{text}' is no duration; write it as 30m, 1h30m or 45s"));
        return null;
    }

    private static void CheckTicketPattern(List<Problem> problems, string? pattern)
    {
        if (pattern is null) return;
        try
        {
            _ = new Regex(pattern, TicketRegexOptions, TimeSpan.FromSeconds(1));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            problems.Add(new(Invalid, "spec.justification.ticketPattern", $"is no regular expression that can be used (back-references and look-arounds cannot): {e.Message.TrimEnd('.')}"));
        }
    }
}
