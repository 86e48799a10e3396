using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What is still there of a grant that is over: what of it gives access, and what was tried in this run and could not be removed.</summary>
internal sealed class RemainingObjects
{
    private readonly RunFindings _findings;
    private readonly bool _hasIdentity;

    public RemainingObjects(GrantFacts facts, BreakGlassGrant grant, IReadOnlyList<IKubernetesObject<V1ObjectMeta>> ours)
    {
        _findings = facts.Findings;
        _hasIdentity = grant.Status.ServiceAccount is not null;
        All = ours;
        Giving = [.. ours.Where(o => EndedGrant.GivesAccess(grant, o))];
        GivesToOthers = Giving.Any(o => !Ownership.NamesOnlyIdentity(grant, o));
        Credential = [.. ours.Where(OwnedKinds.IsCredential)];
        BindingsUnread = _findings.Unread.Any(p => OwnedKinds.IsBinding(p) && p.Metadata.Name != GrantNames.Reader(grant));
        CredentialUnread = _findings.Unread.Any(OwnedKinds.IsCredential);
    }

    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> All { get; }

    /// <summary>Bindings that give a role to somebody.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Giving { get; }

    /// <summary>
    /// Whether one of them gives it to somebody beside the grant's ServiceAccount: then the end of that ServiceAccount is not the end of access.
    /// </summary>
    public bool GivesToOthers { get; }

    /// <summary>The Secret that the token dies with, and the ServiceAccount that any other token of this identity would die with.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Credential { get; }

    /// <summary>
    /// Either cut is enough: bindings that give nothing, or an identity that does not exist any more. What could not be read may be there.
    /// </summary>
    public bool AccessIsGone => (Giving.Count == 0 && !BindingsUnread) || (IdentityIsGone && !GivesToOthers);

    /// <summary>Whether the identity that was made for the grant alone is gone, with every token of it.</summary>
    public bool IdentityIsGone => _hasIdentity && Credential.Count == 0 && !CredentialUnread;

    /// <summary>Whether anything is left that gives access, or would if somebody completed it again. The grant's finalizer stays for that.</summary>
    public bool MayGiveAccess => Giving.Count > 0 || Credential.Count > 0 || BindingsUnread || CredentialUnread || All.Any(IsLostWithTheGrant);

    /// <summary>What could not be removed in this run, for the condition; null where all could.</summary>
    public string? Obstructed
    {
        get
        {
            var what = _findings.Obstructions.Where(x => All.Any(o => o.Metadata.Uid == x.Uid)).Select(x => x.ToString())
                .Concat(_findings.Unread.Select(RevocationMessages.Unread)).Order(StringComparer.Ordinal).ToList();
            return what.Count == 0 ? null : RevocationMessages.NotRemoved(what);
        }
    }

    private bool BindingsUnread { get; }

    private bool CredentialUnread { get; }

    /// <summary>Of some objects, those whose removal was not tried in this run.</summary>
    public List<IKubernetesObject<V1ObjectMeta>> Untried(IEnumerable<IKubernetesObject<V1ObjectMeta>> objects) =>
        [.. objects.Where(o => !_findings.IsObstructed(o))];

    /// <summary>A binding that somebody stripped of its marks is known by the grant's record alone.</summary>
    private static bool IsLostWithTheGrant(IKubernetesObject<V1ObjectMeta> o) =>
        Obstruction.IsEmptied(o) && !o.LabelsOrEmpty.ContainsKey(BreakGlassApi.GrantLabel);
}
