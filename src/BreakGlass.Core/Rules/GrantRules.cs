using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using Kube.Model;

namespace BreakGlass.Core.Rules;

/// <summary>What a policy says to a grant.</summary>
/// <param name="Denial">Why not; null where access is allowed.</param>
/// <param name="Duration">How long, where it is.</param>
/// <param name="Access">Which entries, where it is.</param>
/// <param name="Targets">Which bindings, where it is.</param>
public sealed record Verdict(Problem? Denial, TimeSpan Duration, IReadOnlyList<AccessEntry> Access, IReadOnlyList<Target> Targets);

/// <summary>Whether a grant may become active: used by the reconciler, by admission and by the plugin alike.</summary>
public static class GrantRules
{
    /// <summary>The most characters of a justification; the schema says the same.</summary>
    public const int LongestJustification = 4096;

    /// <summary>Every reason that a grant can be denied for, so that each has its counter from the start.</summary>
    public static IReadOnlyList<string> DenialReasons { get; } =
    [
        "NameTooLong", "RequesterNotSealed", "RequesterMissing", "PolicyNotFound", "PolicyDeleted", "PolicySuspended", "PolicyNotReady", "RequesterNotAllowed",
        "JustificationTooShort", "JustificationTooLong", "TicketMissing", "TicketMismatch", "DurationInvalid", "DurationTooLong", "AccessUnknown",
        "StartTimeNotAllowed", "RecipientKeyNotUsed", "RecipientKeyInvalid", "TooLate", "RoleNotFound", "NamespaceNotReached", "TooManyNamespaces", "NothingSelected",
    ];

    /// <summary>Judges a grant that is not active yet.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="policy">The policy that it names, or null where there is none.</param>
    /// <param name="cluster">Namespaces and roles.</param>
    /// <param name="settings">The operator's set-up.</param>
    /// <param name="now">The time.</param>
    public static Verdict Judge(BreakGlassGrant grant, BreakGlassPolicy? policy, ClusterView cluster, CoreSettings settings, DateTimeOffset now)
    {
        var problem = Requester(grant, settings)
            ?? Policy(grant, policy, settings)
            ?? Allowed(grant, policy!)
            ?? Reason(grant.Spec, policy!.Spec)
            ?? Length(grant, policy!.Spec, out _)
            ?? Choice(grant.Spec, policy!.Spec)
            ?? Age(grant, settings, now);
        if (problem is not null) return new(problem, default, [], []);

        Length(grant, policy!.Spec, out var duration);
        var access = Targets.Snapshot(policy.Spec, grant.Spec);
        problem = Roles(access, grant.Spec.Namespaces, cluster);
        if (problem is not null) return new(problem, default, [], []);

        var targets = Targets.Resolve(access, policy.Spec, grant.Spec.Namespaces, cluster.Namespaces, settings);
        problem = Reach(grant.Spec, targets, policy);
        return problem is null ? new(null, duration, access, targets) : new(problem, default, [], []);
    }

    private static Problem? Requester(BreakGlassGrant grant, CoreSettings settings)
    {
        if (grant.Metadata.Name.Length > BreakGlassApi.LongestName)
        {
            return new("NameTooLong", "metadata.name", $"at most {BreakGlassApi.LongestName} characters, since the name becomes a label value; create the grant under a shorter one");
        }

        if (!settings.TrustRequester)
        {
            return new("RequesterNotSealed", "spec.requester",
                "nobody vouches for who asked: the grant carries no seal of this operator's admission webhook, so it stays dead. "
                + "Ask the platform team whether the webhook is installed (in a test cluster the operator can be started with --trust-requester), then create a new grant");
        }

        return string.IsNullOrEmpty(grant.Spec.Requester?.Username)
            ? new("RequesterMissing", "spec.requester.username", "required, since access is given to somebody; create a new grant that names you")
            : null;
    }

    private static Problem? Policy(BreakGlassGrant grant, BreakGlassPolicy? policy, CoreSettings settings)
    {
        var name = grant.Spec.Policy;
        if (policy is null) return new("PolicyNotFound", "spec.policy", $"there is no BreakGlassPolicy '{name}'; see 'kubectl get bgp' for those there are, and create a new grant");
        if (policy.Metadata.DeletionTimestamp is not null) return new("PolicyDeleted", "spec.policy", $"policy '{name}' is being deleted; use another one");
        if (policy.Spec.Suspended) return new("PolicySuspended", "spec.policy", $"policy '{name}' is suspended; ask its owners, or use another one");
        var problems = PolicyRules.Check(policy, settings);
        return problems.Count == 0
            ? null
            : new("PolicyNotReady", "spec.policy", $"policy '{name}' cannot be used: {problems[0]}. Tell its owners; 'kubectl describe bgp {name}' shows all of it");
    }

    private static Problem? Allowed(BreakGlassGrant grant, BreakGlassPolicy policy)
    {
        var requester = grant.Spec.Requester!;
        return Subjects.Include(policy.Spec.Requesters, requester)
            ? null
            : new("RequesterNotAllowed", "spec.requester",
                $"'{requester.Username}' is not among the requesters of policy '{policy.Metadata.Name}' ({Subjects.Describe(policy.Spec.Requesters)}); ask one of them, or use a policy that names you");
    }

    private static Problem? Reason(GrantSpec grant, PolicySpec policy)
    {
        var length = grant.Justification.Trim().Length;
        var least = Math.Max(1, policy.Justification?.MinLength ?? 0);
        if (length < least)
        {
            return new("JustificationTooShort", "spec.justification", length == 0
                ? "says nothing; write why you need access, for those who review it"
                : $"has {length} characters, and the policy asks for {least}; write in a sentence why you need access");
        }

        if (grant.Justification.Length > LongestJustification)
        {
            return new("JustificationTooLong", "spec.justification", $"has {grant.Justification.Length} characters, at most {LongestJustification}; put the details into the ticket");
        }

        if (policy.Justification?.TicketPattern is not { } pattern) return null;
        if (string.IsNullOrEmpty(grant.Ticket)) return new("TicketMissing", "spec.ticket", $"the policy asks for a ticket that matches {pattern}");
        return Regex.IsMatch(grant.Ticket, pattern, PolicyRules.TicketRegexOptions, TimeSpan.FromSeconds(1))
            ? null
            : new("TicketMismatch", "spec.ticket", $"'{grant.Ticket}' does not match {pattern}, as the policy asks");
    }

    private static Problem? Length(BreakGlassGrant grant, PolicySpec policy, out TimeSpan duration)
    {
        var text = grant.Spec.Duration ?? policy.Duration.Default;
        if (!GoDuration.TryParse(text, out duration)) return new("DurationInvalid", "spec.duration", $"'{text}' is no duration; write it as 30m, 1h30m or 45s");
        if (duration == TimeSpan.Zero) return new("DurationInvalid", "spec.duration", "must be more than zero");
        if (GoDuration.TryParse(policy.Duration.Max, out var max) && duration <= max) return null;
        return new("DurationTooLong", "spec.duration", $"{text} is longer than the policy's max, {policy.Duration.Max}; ask for at most that");
    }

    private static Problem? Choice(GrantSpec grant, PolicySpec policy)
    {
        foreach (var name in grant.Access)
        {
            if (policy.Access.Any(e => e.Name == name)) continue;
            return new("AccessUnknown", "spec.access", $"the policy has no access entry '{name}'; it has {string.Join(", ", policy.Access.Select(e => e.Name))}");
        }

        if (grant.StartTime is not null)
        {
            return new("StartTimeNotAllowed", "spec.startTime", "only policies of mode TimeBoxed have a start time; this one gives access at once, so leave it out");
        }

        if (grant.RecipientKey is null) return null;
        if (policy.Credential is CredentialKind.BindRequester)
        {
            return new("RecipientKeyNotUsed", "spec.recipientKey", "the policy binds your own user name, so there is no credential to encrypt; leave it out");
        }

        return Credentials.RecipientKey.TryParse(grant.RecipientKey, out _, out var error)
            ? null
            : new("RecipientKeyInvalid", "spec.recipientKey", error);
    }

    private static Problem? Age(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset now)
    {
        if (grant.Metadata.CreationTimestamp is not { } created || now - created <= settings.LatestActivation) return null;
        return new("TooLate", "metadata.creationTimestamp",
            $"the grant was created at {created:u} and could not be activated for {GoDuration.Format(settings.LatestActivation)}; access is not opened at a time when nobody expects it. Create a new grant");
    }

    private static Problem? Roles(IReadOnlyList<AccessEntry> access, IReadOnlyList<string> only, ClusterView cluster)
    {
        foreach (var entry in access)
        {
            if (entry.RoleRef.Kind == "ClusterRole")
            {
                if (cluster.ClusterRole(entry.RoleRef.Name) is null)
                {
                    return new("RoleNotFound", "spec.policy", $"access entry '{entry.Name}' of the policy gives ClusterRole '{entry.RoleRef.Name}', and there is none; tell the policy's owners");
                }

                continue;
            }

            foreach (var ns in entry.Namespaces.Where(n => only.Count == 0 || only.Contains(n)))
            {
                if (cluster.HasNamespace(ns) && cluster.Role(ns, entry.RoleRef.Name) is null)
                {
                    return new("RoleNotFound", "spec.policy", $"access entry '{entry.Name}' of the policy gives Role '{entry.RoleRef.Name}' in namespace '{ns}', and there is none; tell the policy's owners");
                }
            }
        }

        return null;
    }

    private static Problem? Reach(GrantSpec grant, IReadOnlyList<Target> targets, BreakGlassPolicy policy)
    {
        var unreached = grant.Namespaces.Where(n => targets.All(t => t.Namespace != n)).ToList();
        if (unreached.Count > 0)
        {
            return new("NamespaceNotReached", "spec.namespaces",
                $"policy '{policy.Metadata.Name}' does not reach {string.Join(", ", unreached)}, or there is no such namespace; "
                + $"'kubectl get bgp {policy.Metadata.Name} -o yaml' shows what it reaches");
        }

        if (targets.Count > Targets.Most)
        {
            return new("TooManyNamespaces", "spec.namespaces",
                $"policy '{policy.Metadata.Name}' reaches {targets.Count} places, and one grant can hold at most {Targets.Most} bindings; name the namespaces you need");
        }

        return targets.Count > 0
            ? null
            : new("NothingSelected", "spec.policy", $"policy '{policy.Metadata.Name}' reaches no namespace that exists; check its namespaces and selectors against 'kubectl get ns --show-labels'");
    }
}
