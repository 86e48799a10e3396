using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using Kube.Model;

namespace BreakGlass.Operator.Caching;

/// <summary>
/// What caches do not keep, because no decision reads it: annotations and labels that are not ours, and of a finished grant what only its record needs. A status
/// that is written for a finished grant is therefore made from what the API server has, never from a cache.
/// </summary>
internal static class Shed
{
    private const string OurPrefix = BreakGlassApi.Group + "/";

    /// <summary>Annotations that are not ours. Labels stay: selectors go by them.</summary>
    public static T Annotations<T>(T o)
        where T : class, IKubeResource<T> =>
        o.Metadata.Annotations.Keys.All(IsOurs) ? o : o.WithMetadata(o.Metadata with { Annotations = Ours(o.Metadata.Annotations) });

    /// <summary>Annotations and labels that are not ours.</summary>
    public static T Marks<T>(T o)
        where T : class, IKubeResource<T>
    {
        var shed = Annotations(o);
        return shed.Metadata.Labels.Keys.All(IsOurs) ? shed : shed.WithMetadata(shed.Metadata with { Labels = Ours(shed.Metadata.Labels) });
    }

    /// <summary>A grant without what no decision reads.</summary>
    public static BreakGlassGrant Grant(BreakGlassGrant grant)
    {
        var shed = Marks(grant);
        if (!IsShed(grant)) return shed;
        var (spec, status) = (shed.Spec, shed.Status);
        return shed with
        {
            Spec = spec with
            {
                Justification = "",
                Namespaces = [],
                RecipientKey = null,
                Requester = spec.Requester is null ? null : spec.Requester with { Groups = [] },
                Revoke = spec.Revoke is null ? null : spec.Revoke with { Reason = null, By = null },
            },
            Status = status with
            {
                Access = [],
                Bindings = [],
                Residue = [],
                Session = null,
                CredentialJwe = null,
                Conditions = [.. status.Conditions.Select(c => c with { Message = "" })],

                // Whether it ever was active, and how it ended.
                Transitions = [.. status.Transitions.Where((t, i) => t.To is GrantPhase.Active || i == status.Transitions.Count - 1)],
            },
        };
    }

    /// <summary>Whether the caches hold a grant only in part: it is over, its end is proven, and nothing of it is left to remove.</summary>
    public static bool IsShed(BreakGlassGrant grant) =>
        GrantLifecycle.IsTerminal(grant.Status.Phase) && grant.Status.EndedAt is not null && !GrantLifecycle.AwaitsProof(grant.Status)
        && !grant.Metadata.Finalizers.Contains(BreakGlassApi.RevokeFinalizer);

    private static bool IsOurs(string key) => key.StartsWith(OurPrefix, StringComparison.Ordinal) || key == BreakGlassApi.ManagedByLabel;

    private static Dictionary<string, string> Ours(IReadOnlyDictionary<string, string> all) => all.Where(m => IsOurs(m.Key)).ToDictionary();
}
