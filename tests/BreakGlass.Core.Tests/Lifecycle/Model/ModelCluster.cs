using System.Collections.Immutable;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sessions;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>
/// A cluster in memory, as far as a grant's life touches it. It is immutable but for the fields here, all of which hold immutable things, so
/// that a copy costs nothing and two futures of one state can be compared.
/// </summary>
internal sealed class ModelCluster
{
    private int _next = 2;

    public DateTimeOffset Now { get; set; } = TestKit.Builders.A.Start;

    public BreakGlassGrant? Grant { get; set; }

    public BreakGlassPolicy? Policy { get; set; }

    public BreakGlassAuthority? Authority { get; set; }

    public ImmutableList<BreakGlassApproval> Approvals { get; set; } = [];

    public ImmutableList<BreakGlassReview> Reviews { get; set; } = [];

    public ImmutableList<BreakGlassLockdown> Lockdowns { get; set; } = [];

    /// <summary>Other grants of the policy.</summary>
    public ImmutableList<BreakGlassGrant> Siblings { get; set; } = [];

    /// <summary>When the grant was last used, as the operator knows by now.</summary>
    public DateTimeOffset? LastUse { get; set; }

    /// <summary>The time of the last audit event of any kind; null if they go on arriving.</summary>
    public DateTimeOffset? LastEvent { get; set; }

    /// <summary>What is unusual about the use of the grant.</summary>
    public ImmutableList<Anomaly> Unusual { get; set; } = [];

    public ImmutableSortedDictionary<string, V1Namespace> Namespaces { get; set; } = ImmutableSortedDictionary<string, V1Namespace>.Empty;

    /// <summary>ClusterRoles, and Roles that are not ours.</summary>
    public ImmutableDictionary<(string Namespace, string Name), IReadOnlyList<V1PolicyRule>> Rules { get; set; } =
        ImmutableDictionary<(string, string), IReadOnlyList<V1PolicyRule>>.Empty;

    /// <summary>Bindings, ServiceAccounts, Secrets and reader Roles, whoever made them.</summary>
    public ImmutableDictionary<ObjectPlace, IKubernetesObject<V1ObjectMeta>> Objects { get; private set; } =
        ImmutableDictionary<ObjectPlace, IKubernetesObject<V1ObjectMeta>>.Empty;

    /// <summary>The journal: the UID of a grant, and one of its transitions, for each entry.</summary>
    public ImmutableList<(string Uid, JournaledTransition Transition)> Journal { get; set; } = [];

    /// <summary>UIDs of all bindings that the operator ever made for a grant.</summary>
    public ImmutableHashSet<string> MadeByOperator { get; private set; } = [];

    public ImmutableList<Token> Tokens { get; private set; } = [];

    /// <summary>Secrets that hold a token for ever, by UID; -1 where it was delivered elsewhere, and less for a certificate.</summary>
    public ImmutableDictionary<string, int> Delivered { get; private set; } = ImmutableDictionary<string, int>.Empty;

    public IEnumerable<IKubernetesObject<V1ObjectMeta>> Bindings => Objects.Values.Where(IsBinding);

    /// <summary>Bindings that give what a grant is for, i.e. all but the one by which the requester reads the credential.</summary>
    public IEnumerable<IKubernetesObject<V1ObjectMeta>> AccessBindings => Bindings.Where(b => SubjectsOf(b).Count > 0
        && (b is not V1RoleBinding rb || rb.RoleRef.Kind != "Role" || !rb.Metadata.Name.EndsWith("-reader", StringComparison.Ordinal)));

    public static bool IsBinding(IKubernetesObject<V1ObjectMeta> o) => o is V1RoleBinding or V1ClusterRoleBinding;

    public ModelCluster Copy() => (ModelCluster)MemberwiseClone();

    /// <summary>What a cache shows of it from now on, whatever happens to it later.</summary>
    public ClusterView View()
    {
        var (namespaces, roles) = (Namespaces, Rules);
        return new(
            [.. namespaces.Values],
            name => roles.TryGetValue(("", name), out var rules) ? new V1ClusterRole { Metadata = new() { Name = name }, Rules = [.. rules] } : null,
            (ns, name) => roles.TryGetValue((ns, name), out var rules)
                ? new V1Role { Metadata = new() { NamespaceProperty = ns, Name = name }, Rules = [.. rules] } : null,
            name => namespaces.GetValueOrDefault(name));
    }

    public IKubernetesObject<V1ObjectMeta>? Get(ObjectPlace place) => Objects.GetValueOrDefault(place);

    public IKubernetesObject<V1ObjectMeta> Create(IKubernetesObject<V1ObjectMeta> o, bool byOperator)
    {
        var ns = o.Metadata.NamespaceProperty;
        if (ns is not null && !Namespaces.ContainsKey(ns)) throw new Refused(404, $"namespaces \"{ns}\" not found");
        if (ns is not null && Namespaces[ns].Metadata.DeletionTimestamp is not null) throw new Refused(403, $"namespace {ns} is being terminated");
        var place = ObjectPlace.Of(o);
        if (Objects.ContainsKey(place)) throw new Refused(409, $"{place} already exists");
        var created = With(o is V1Secret secret ? new SecretMetadata { Metadata = secret.Metadata } : o,
            m => m with { Uid = NewId("uid"), ResourceVersion = NewId(""), CreatedAt = Now });
        Objects = Objects.Add(place, created);
        if (byOperator && IsBinding(created)) MadeByOperator = MadeByOperator.Add(created.Metadata.Uid!);
        return created;
    }

    /// <summary>Puts an object in place of what is there, keeping its UID.</summary>
    public IKubernetesObject<V1ObjectMeta> Update(IKubernetesObject<V1ObjectMeta> o)
    {
        var place = ObjectPlace.Of(o);
        if (!Objects.TryGetValue(place, out var there)) throw new Refused(404, $"{place} not found");
        if (there.Metadata.Uid != o.Metadata.Uid) throw new Refused(409, $"{place} has another UID");
        if (RoleRefOf(there) != RoleRefOf(o)) throw new Refused(422, "roleRef cannot be changed");
        var updated = With(o, m => m with { ResourceVersion = NewId("") });
        Objects = Objects.SetItem(place, updated);
        return updated;
    }

    public void Delete(ObjectPlace place, string? uid)
    {
        if (!Objects.TryGetValue(place, out var there)) throw new Refused(404, $"{place} not found");
        if (uid is not null && there.Metadata.Uid != uid) throw new Refused(409, $"{place} has another UID");
        Objects = Objects.Remove(place);
    }

    /// <summary>Writes the grant's status if nobody wrote the grant since.</summary>
    public void WriteStatus(BreakGlassGrant read, GrantStatus status)
    {
        if (Grant is null || Grant.Metadata.Uid != read.Metadata.Uid) throw new Refused(404, "the grant is gone");
        if (Grant.Metadata.ResourceVersion != read.Metadata.ResourceVersion) throw new Refused(409, "the grant was written since");
        Grant = Touched(Grant with { Status = status });
    }

    /// <summary>Writes the policy's status if nobody wrote the policy since.</summary>
    public void WritePolicyStatus(BreakGlassPolicy read, PolicyStatus status)
    {
        if (Policy is null || Policy.Metadata.Uid != read.Metadata.Uid) throw new Refused(404, "the policy is gone");
        if (Policy.Metadata.ResourceVersion != read.Metadata.ResourceVersion) throw new Refused(409, "the policy was written since");
        Policy = Policy with { Status = status, Metadata = Policy.Metadata with { ResourceVersion = NewId("") } };
    }

    /// <summary>Writes the authority's status if nobody wrote the authority since.</summary>
    public void WriteAuthorityStatus(BreakGlassAuthority read, AuthorityStatus status)
    {
        if (Authority is null || Authority.Metadata.Uid != read.Metadata.Uid) throw new Refused(404, "the authority is gone");
        if (Authority.Metadata.ResourceVersion != read.Metadata.ResourceVersion) throw new Refused(409, "the authority was written since");
        Authority = Authority with { Status = status, Metadata = Authority.Metadata with { ResourceVersion = NewId("") } };
    }

    public void SetFinalizers(BreakGlassGrant read, IReadOnlyList<string> finalizers, bool ended = false)
    {
        if (Grant is null || Grant.Metadata.Uid != read.Metadata.Uid) throw new Refused(404, "the grant is gone");
        if (Grant.Metadata.ResourceVersion != read.Metadata.ResourceVersion) throw new Refused(409, "the grant was written since");
        if (Grant.Metadata.DeletionTimestamp is not null && finalizers.Except(Grant.FinalizersOrEmpty).Any())
            throw new Refused(422, "no finalizer can be added to what is being deleted");
        var annotations = new Dictionary<string, string>(Grant.AnnotationsOrEmpty);
        if (ended) annotations[BreakGlassApi.EndedAnnotation] = "now";
        Grant = Touched(Grant with { Metadata = Grant.Metadata with { Finalizers = [.. finalizers], Annotations = annotations } });
        if (Grant.Metadata.DeletionTimestamp is not null && Grant.FinalizersOrEmpty.Count == 0) Grant = null;
    }

    public BreakGlassGrant Touched(BreakGlassGrant grant) => grant with { Metadata = grant.Metadata with { ResourceVersion = NewId("") } };

    public Token Issue(IKubernetesObject<V1ObjectMeta> account, IKubernetesObject<V1ObjectMeta> secret, DateTimeOffset expiresAt)
    {
        if (Get(ObjectPlace.Of(account)) is not V1ServiceAccount there || there.Metadata.Uid != account.Metadata.Uid)
            throw new Refused(404, "the ServiceAccount is gone");
        if (Get(ObjectPlace.Of(secret)) is not SecretMetadata bound || bound.Metadata.Uid != secret.Metadata.Uid) throw new Refused(404, "the Secret is gone");
        var token = new Token(Tokens.Count, there.Metadata.Uid!, bound.Metadata.Uid!,
            Subjects.ServiceAccountUser(there.Metadata.NamespaceProperty!, there.Metadata.Name), expiresAt);
        Tokens = Tokens.Add(token);
        return token;
    }

    /// <summary>Puts a token into its Secret, which can never hold another; a repetition of the same fits.</summary>
    public void Deliver(IKubernetesObject<V1ObjectMeta> secret, int token, IReadOnlyDictionary<string, string> annotations)
    {
        var uid = secret.Metadata.Uid!;
        if (Get(ObjectPlace.Of(secret)) is not SecretMetadata there || there.Metadata.Uid != uid) throw new Refused(409, "another Secret, or none");
        if (Delivered.TryGetValue(uid, out var held) && held != token) throw new Refused(422, "field is immutable when `immutable` is set");
        Delivered = Delivered.SetItem(uid, token);
        Update(there with { Metadata = there.Metadata with { Annotations = new Dictionary<string, string>(annotations) } });
    }

    /// <summary>TokenReview.</summary>
    public bool Authenticates(Token token, DateTimeOffset now) =>
        now < token.ExpiresAt && Objects.Values.Any(o => o is V1ServiceAccount && o.Metadata.Uid == token.AccountUid)
            && Objects.Values.Any(o => o is SecretMetadata && o.Metadata.Uid == token.SecretUid);

    public string NewId(string prefix) => $"{prefix}{_next++}";

    public static IKubernetesObject<V1ObjectMeta> With(IKubernetesObject<V1ObjectMeta> o, Func<V1ObjectMeta, V1ObjectMeta> change) => o switch
    {
        V1RoleBinding b => b with { Metadata = change(b.Metadata) },
        V1ClusterRoleBinding b => b with { Metadata = change(b.Metadata) },
        V1Role r => r with { Metadata = change(r.Metadata) },
        V1ServiceAccount a => a with { Metadata = change(a.Metadata) },
        SecretMetadata s => s with { Metadata = change(s.Metadata) },
        _ => throw new InvalidOperationException($"{o.KindName} is not made for grants."),
    };

    public static V1RoleRef? RoleRefOf(IKubernetesObject<V1ObjectMeta> o) =>
        o switch { V1RoleBinding b => b.RoleRef, V1ClusterRoleBinding b => b.RoleRef, _ => null };

    public static IReadOnlyList<Rbacv1Subject> SubjectsOf(IKubernetesObject<V1ObjectMeta> o) =>
        o switch { V1RoleBinding b => b.SubjectsOrEmpty, V1ClusterRoleBinding b => b.SubjectsOrEmpty, _ => [] };
}
