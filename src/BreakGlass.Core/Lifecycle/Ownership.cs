using System.Buffers;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// Which objects are the operator's own. Nothing is deleted, repaired or adopted that does not pass here. A label never decides: other projects use
/// the same labels, tools copy them, and anybody who can write an object can overwrite them. What decides is the UID of a grant, in an annotation or
/// an owner reference, together with the name and the subject that follow from it.
/// </summary>
public static class Ownership
{
    private const int DigestLength = 10;
    private static readonly SearchValues<char> s_digestDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>
    /// The names of the grants that an object may have been made for, by its label, its owners and its own name: which grants to look at, and nothing
    /// more. Empty for an object without any mark of ours.
    /// </summary>
    public static IReadOnlyList<string> Names(IKubernetesObject<V1ObjectMeta> o)
    {
        var label = o.LabelsOrEmpty.GetValueOrDefault(BreakGlassApi.GrantLabel);
        var owners = Owners(o).Select(r => r.Name).ToList();
        if (label is null && owners.Count == 0 && !o.AnnotationsOrEmpty.ContainsKey(BreakGlassApi.GrantUidAnnotation)) return [];
        return [.. new[] { label, NameIn(o) }.Concat(owners).OfType<string>().Where(n => n.Length > 0).Distinct()];
    }

    /// <summary>
    /// The grant that an object was made for, also where that grant is gone: a UID, the name that follows from the grant's and, of a binding, a subject
    /// that the operator binds have to agree. Null for an object that is not the operator's.
    /// </summary>
    public static GrantIdentity? MadeFor(IKubernetesObject<V1ObjectMeta> o, CoreSettings settings)
    {
        foreach (var candidate in Candidates(o))
        {
            if (candidate.Name.Length > 0 && candidate.Uid.Length > 0 && HasName(o, candidate.Name, settings) && HasSubject(o, candidate.Name, settings))
                return candidate;
        }

        return null;
    }

    /// <summary>
    /// Whether an object is a grant's own, also where its marks were stripped: by the UID that was recorded, or because it gives its access to the grant's
    /// ServiceAccount or requester under the name that follows from the grant's UID, for which others have no reason.
    /// </summary>
    public static bool IsOf(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o)
    {
        if (!OwnedKinds.IsBinding(o)) return GrantNames.Owns(grant, o) && o.Metadata.Name == OwnedKinds.Find(o)?.Own?.Name(grant);
        if (o.Metadata.Name == GrantNames.Reader(grant)) return GrantNames.Owns(grant, o);

        // A user who writes a record into the status must not have somebody else's binding taken for the grant's.
        if (!o.Metadata.Name.StartsWith(GrantNames.BindingPrefix(grant), StringComparison.Ordinal)) return false;
        if (GrantNames.Owns(grant, o) && (EndsWithDigest(o.Metadata.Name) || RecordOf(grant, o) is not null || GivesTo(grant, o))) return true;
        return RecordOf(grant, o) is { } record
            && ((record.Uid is not null && record.Uid == o.Metadata.Uid) || (OwnedKinds.SubjectsOf(o).Count > 0 && GivesTo(grant, o)));
    }

    /// <summary>The owners of an object that are grants.</summary>
    private static IEnumerable<V1OwnerReference> Owners(IKubernetesObject<V1ObjectMeta> o) => o.OwnersOrEmpty.Where(r =>
        r.Kind == nameof(BreakGlassGrant) && r.ApiVersion.StartsWith(BreakGlassApi.Group + "/", StringComparison.Ordinal));

    /// <summary>The surest first: a label is believed last.</summary>
    private static IEnumerable<GrantIdentity> Candidates(IKubernetesObject<V1ObjectMeta> o)
    {
        foreach (var owner in Owners(o)) yield return new(owner.Name, owner.Uid);
        if (!o.AnnotationsOrEmpty.TryGetValue(BreakGlassApi.GrantUidAnnotation, out var uid)) yield break;
        if (NameIn(o) is { } name) yield return new(name, uid);
        if (o.LabelsOrEmpty.TryGetValue(BreakGlassApi.GrantLabel, out var label)) yield return new(label, uid);
    }

    /// <summary>The grant's name in the name of an object; null where the object's name does not have our shape.</summary>
    private static string? NameIn(IKubernetesObject<V1ObjectMeta> o)
    {
        var name = o.Metadata.Name;
        if (OwnedKinds.Find(o)?.Own is { Suffix: { Length: > 0 } suffix } && name.EndsWith(suffix, StringComparison.Ordinal)) name = name[..^suffix.Length];
        else if (OwnedKinds.IsBinding(o)) name = name.StartsWith(GrantNames.Prefix, StringComparison.Ordinal) ? name[GrantNames.Prefix.Length..] : "";
        return EndsWithDigest(name) ? name[..^(DigestLength + 1)] : null;
    }

    private static bool EndsWithDigest(ReadOnlySpan<char> name) =>
        name.Length > DigestLength + 1 && name[^(DigestLength + 1)] == '-' && name[^DigestLength..].IndexOfAnyExcept(s_digestDigits) < 0;

    /// <summary>The name of the identity behind a subject: what tells the persistence guard is bound to a name that is the identity's and a suffix.</summary>
    private static string WithoutSuffix(string account) =>
        account.EndsWith(PersistenceRights.HolderSuffix, StringComparison.Ordinal) ? account[..^PersistenceRights.HolderSuffix.Length] : account;

    private static bool HasName(IKubernetesObject<V1ObjectMeta> o, string grant, CoreSettings settings)
    {
        var name = o.Metadata.Name;
        return o.Metadata.NamespaceProperty == settings.GrantsNamespace
            ? OwnedKinds.Find(o)?.Own is { } own && IsLonger(name, $"{grant}-") && name.EndsWith(own.Suffix, StringComparison.Ordinal)
            : OwnedKinds.IsBinding(o) && IsLonger(name, $"{GrantNames.Prefix}{grant}-");
    }

    /// <summary>
    /// A binding of ours is for one user, or for one identity in the grants' namespace. One whose subjects were emptied gives nothing and stays ours, so
    /// that it is removed as soon as it can be.
    /// </summary>
    private static bool HasSubject(IKubernetesObject<V1ObjectMeta> o, string grant, CoreSettings settings) => OwnedKinds.SubjectsOf(o) switch
    {
        [] => true,
        [{ Kind: "User" }] => true,
        [{ Kind: V1ServiceAccount.KubeKind } account] => account.NamespaceProperty == settings.GrantsNamespace && IsLonger(account.Name, $"{grant}-"),
        _ => false,
    };

    /// <summary>
    /// Whether a binding names only the grant's own ServiceAccount, so that it gives nothing once that is gone. One to which somebody added a
    /// subject, or whose subject somebody exchanged, gives its role to them whatever becomes of the ServiceAccount.
    /// </summary>
    internal static bool NamesOnlyIdentity(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o) =>
        grant.Status.ServiceAccount is { } account
            && OwnedKinds.SubjectsOf(o).All(s => s.Kind == V1ServiceAccount.KubeKind && $"{s.NamespaceProperty}/{WithoutSuffix(s.Name)}" == account);

    private static bool GivesTo(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o)
    {
        var subjects = OwnedKinds.SubjectsOf(o);
        if (subjects.Count == 0) return true;
        return grant.Status.ServiceAccount is { } account
            ? subjects.Any(s => s.Kind == V1ServiceAccount.KubeKind && $"{s.NamespaceProperty}/{WithoutSuffix(s.Name)}" == account)
            : grant.Spec.Requester is { Username: { Length: > 0 } requester } && subjects.Any(s => s.Kind == "User" && s.Name == requester);
    }

    private static BindingRecord? RecordOf(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o) =>
        grant.Status.Bindings.FirstOrDefault(
            b => b.Name == o.Metadata.Name && b.Kind == o.KindName && (b.Namespace ?? "") == (o.Metadata.NamespaceProperty ?? ""));

    private static bool IsLonger(string name, string prefix) => name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal);
}
