using System.Collections.Frozen;
using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Caching;

/// <summary>
/// What caches do not keep, because no decision reads it: annotations and labels that are not ours, and of a finished grant what only its record
/// needs. A status that is written for a finished grant is therefore made from what the API server has, never from a cache.
/// </summary>
internal static class CacheTransforms
{
    /// <summary>The most characters of rules that are kept of a Role.</summary>
    public const int LargestRules = 64 * 1024;

    /// <summary>The most characters of a waiting request that are kept.</summary>
    public const int LongestRequest = 1536;

    /// <summary>
    /// The same of a request by voucher: one that two people signed fits, so that access by it does not wait for another read. Without a valid voucher none is
    /// admitted, so there are few.
    /// </summary>
    public const int LongestByVoucher = 4096;

    private static readonly FrozenDictionary<string, string> Nothing = FrozenDictionary<string, string>.Empty;

    // Stands in the place of a justification, and is known by being this very string.
    private static readonly string NotKept = new("(not kept)".AsSpan());

    private const string OurPrefix = BreakGlassApi.Group + "/";

    // A binding of ours has one subject and one owner, and nothing depends on what a later one in a list of somebody else's says.
    private const int MostInList = 8;

    // Longer than anything that we write.
    private const int LongestMark = 1024;

    private static readonly HashSet<string> OwnMarks =
    [
        BreakGlassApi.GrantLabel, BreakGlassApi.PolicyLabel, BreakGlassApi.ManagedByLabel, BreakGlassApi.MadeByLabel, BreakGlassApi.ExpiresAtAnnotation,
        BreakGlassApi.GrantUidAnnotation,
    ];

    /// <summary>The annotations of ours that a grant, an approval, a review or a lockdown can have.</summary>
    private static readonly HashSet<string> Notes = [Seal.Annotation, BreakGlassApi.EndedAnnotation];

    private static readonly SharedNames Names = new();

    private static readonly V1PolicyRule[] TooMany = [new() { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] }];

    /// <summary>Annotations that are not ours. Labels stay: selectors go by them.</summary>
    public static V1ObjectMeta Annotations(V1ObjectMeta metadata) => metadata with { Annotations = Only(metadata.Annotations, m => IsOurs(m.Key)) };

    /// <summary>
    /// Labels, but the mark of a drill, and annotations that decisions do not read. Those who ask may write any of them, under our own prefix as well, and a
    /// grant that waits is kept as long as it waits.
    /// </summary>
    public static V1ObjectMeta Marks(V1ObjectMeta metadata) =>
        metadata with { Labels = Only(metadata.Labels, IsMark), Annotations = Only(metadata.Annotations, IsNote) };

    /// <summary>A binding as far as decisions read it. A user who may write bindings in one namespace can make many large ones that carry our label.</summary>
    public static V1RoleBinding Binding(V1RoleBinding binding) =>
        binding with { Metadata = Owned(binding.Metadata), Subjects = [.. binding.SubjectsOrEmpty.Distinct().Take(MostInList)] };

    /// <summary>The same of one for the whole cluster.</summary>
    public static V1ClusterRoleBinding Binding(V1ClusterRoleBinding binding) =>
        binding with { Metadata = Owned(binding.Metadata), Subjects = [.. binding.SubjectsOrEmpty.Distinct().Take(MostInList)] };

    /// <summary>
    /// A Role as far as decisions read it, without its rules where they are very long: anybody who may write Roles in one namespace can make many of
    /// these.
    /// </summary>
    public static V1Role Role(V1Role role) =>
        role with { Metadata = Owned(role.Metadata), Rules = role.RulesOrEmpty.Sum(Length) <= LargestRules ? role.Rules : TooMany };

    /// <summary>Whether the rules of a Role are longer than <see cref="LargestRules"/>, so that the caches do not hold them.</summary>
    public static bool IsTooLarge(V1Role role) => ReferenceEquals(role.Rules, TooMany);

    /// <summary>
    /// A grant without what no decision reads. One that waits is decided on only after it was read again if it asks with many words: thousands of those may
    /// wait for days.
    /// </summary>
    public static BreakGlassGrant Grant(BreakGlassGrant grant)
    {
        var shed = grant with { Metadata = Marks(grant.Metadata) };
        return IsOver(grant) ? RecordOf(shed) : Waits(grant) && Weight(grant.Spec) > Longest(grant.Spec) ? WithoutRequest(shed) : Sharing(shed);
    }

    /// <summary>Whether the caches hold a grant only in part, so that it has to be read before its status is written.</summary>
    public static bool IsShed(BreakGlassGrant grant) => IsOver(grant) || LacksRequest(grant);

    /// <summary>Whether the caches hold less of a grant than a decision needs.</summary>
    public static bool LacksRequest(BreakGlassGrant grant) => ReferenceEquals(grant.Spec.Justification, NotKept);

    /// <summary>A session's summary without its lists.</summary>
    public static SessionSummary Numbers(SessionSummary session) => session with { SourceIps = [], UserAgents = [] };

    /// <summary>A session as the grant's summary needs it: what was done is read from the API server.</summary>
    public static BreakGlassSession Session(BreakGlassSession session) =>
        session with
        {
            Metadata = Owned(session.Metadata) with { ManagedFields = null },
            Status = session.Status with { Actions = [], Parts = [.. session.Status.Parts.Select(p => p.Recent.Count == 0 ? p : p with { Recent = [] })] },
        };

    /// <summary>Whether the caches hold nothing of a grant but its record.</summary>
    public static bool IsRecord(BreakGlassGrant grant) => IsOver(grant);

    /// <summary>Which entries of the journal the residue and the places of a grant imply, of which the caches hold nothing but the record.</summary>
    public static string MarksOf(BreakGlassGrant grant) => grant.Status.Residue is [var marks] ? marks : "";

    /// <summary>Metadata with nothing in it but what says whose an object is, and what holds it.</summary>
    public static V1ObjectMeta Owned(V1ObjectMeta metadata) => metadata with
    {
        Annotations = Only(metadata.Annotations, IsOwnMark),
        Labels = Only(metadata.Labels, IsOwnMark),
        OwnerReferences = [.. metadata.OwnerReferences.OrEmpty().Where(r => r.ApiVersion.StartsWith(OurPrefix, StringComparison.Ordinal)).Take(MostInList)],
        Finalizers = [.. metadata.Finalizers.OrEmpty().Take(MostInList)],
    };

    /// <summary>It is over, its end is proven, and nothing of it is left to remove.</summary>
    private static bool IsOver(BreakGlassGrant grant) =>
        grant.Status.IsTerminal && grant.Status.EndedAt is not null && !grant.Status.AwaitsProof
        && !grant.FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer);

    /// <summary>Nothing was opened for it yet.</summary>
    private static bool Waits(BreakGlassGrant grant) => !grant.Status.IsTerminal && !grant.Status.IsRecorded;

    private static int Longest(GrantSpec spec) => spec.Voucher is null ? LongestRequest : LongestByVoucher;

    private static int Weight(GrantSpec spec) =>
        spec.Justification.Length + (spec.Ticket?.Length ?? 0) + (spec.Voucher?.Length ?? 0) + (spec.VoucherProof?.Length ?? 0) + Weight(spec.RecipientKey)
        + spec.Namespaces.Sum(ns => ns.Length) + (spec.Requester?.Groups.Sum(g => g.Length) ?? 0);

    private static int Weight(JsonWebKey? key) => key is null ? 0
        : new[] { key.Kty, key.N, key.E, key.Crv, key.X, key.Y, key.Kid }.Sum(part => part?.Length ?? 0);

    private static BreakGlassGrant WithoutRequest(BreakGlassGrant grant) => Sharing(grant with
    {
        Spec = grant.Spec with
        {
            Justification = NotKept,
            Ticket = null,
            Namespaces = [],
            RecipientKey = null,
            Voucher = null,
            VoucherProof = null,
            Requester = grant.Spec.Requester is { } requester ? requester with { Groups = [] } : null,
        },
    });

    private static BreakGlassGrant RecordOf(BreakGlassGrant grant)
    {
        var (spec, status, marks) = (grant.Spec, grant.Status, GrantNotes.MarksOf(grant));
        return grant with
        {
            Spec = spec with
            {
                Justification = "",
                Namespaces = [],
                RecipientKey = null,
                Voucher = null,
                VoucherProof = null,
                Requester = spec.Requester is null ? null : spec.Requester with { Groups = [] },
                Revoke = spec.Revoke is null ? null : spec.Revoke with { Reason = null, By = null },
            },
            Status = status with
            {
                Access = [],
                Bindings = [],
                Session = status.Session is null ? null : Numbers(status.Session),
                Residue = marks.Length == 0 ? [] : [marks],
                CredentialJwe = null,
                Gateway = null,
                Conditions = [.. status.Conditions.Select(c => c with { Message = "" })],

                // Whether it ever was active, and how it ended.
                Transitions = [.. status.Transitions.Where((t, i) => t.To is GrantPhase.Active || i == status.Transitions.Count - 1)],
            },
        };
    }

    private static int Length(V1PolicyRule rule) =>
        rule.VerbsOrEmpty.Concat(rule.GroupsOrEmpty).Concat(rule.ResourcesOrEmpty).Concat(rule.NamesOrEmpty).Concat(rule.UrlsOrEmpty)
            .Sum(text => text.Length + 1);

    /// <summary>With names that many grants hold once in memory.</summary>
    private static BreakGlassGrant Sharing(BreakGlassGrant grant)
    {
        var (spec, status) = (grant.Spec, grant.Status);
        if (spec.Namespaces.Count == 0 && status.Access.Count == 0 && status.Bindings.Count == 0) return grant;
        return grant with
        {
            Spec = spec.Namespaces.Count == 0 ? spec : spec with { Namespaces = Names.Of(spec.Namespaces) },
            Status = status with
            {
                Access = [.. status.Access.Select(e => e.Namespaces.Count == 0 ? e : e with { Namespaces = Names.Of(e.Namespaces) })],
                Bindings =
                [
                    .. status.Bindings.Select(
                        b => b with { Kind = Names.Of(b.Kind), Role = Names.Of(b.Role), Namespace = b.Namespace is { } ns ? Names.Of(ns) : null }),
                ],
            },
        };
    }

    private static bool IsOwnMark(KeyValuePair<string, string> mark) => OwnMarks.Contains(mark.Key) && mark.Value.Length <= LongestMark;

    private static bool IsMark(KeyValuePair<string, string> label) => label.Key == BreakGlassApi.DrillLabel;

    private static bool IsNote(KeyValuePair<string, string> annotation) => Notes.Contains(annotation.Key) && annotation.Value.Length <= LongestMark;

    private static bool IsOurs(string key) => key.StartsWith(OurPrefix, StringComparison.Ordinal) || key == BreakGlassApi.ManagedByLabel;

    /// <summary>Those labels or annotations that are kept; the same map if that is all of them.</summary>
    private static IDictionary<string, string>? Only(IDictionary<string, string>? all, Func<KeyValuePair<string, string>, bool> keep) =>
        all is null || all.All(keep) ? all : all.Any(keep) ? all.Where(keep).ToDictionary() : Nothing;
}
