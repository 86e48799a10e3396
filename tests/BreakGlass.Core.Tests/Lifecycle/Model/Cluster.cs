using System.Collections.Immutable;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using Kube.Model;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>Where an object stands in the API.</summary>
internal readonly record struct Place(string Kind, string Namespace, string Name)
{
    public static Place Of(IKubeObject o) => new(o.Kind, o.Metadata.Namespace ?? "", o.Metadata.Name);

    public static Place Of(BindingRecord b) => new(b.Kind, b.Namespace ?? "", b.Name);
}

/// <summary>A token that the model's API server issued: it works while its ServiceAccount, its Secret and its time are there.</summary>
internal sealed record Token(int Number, string AccountUid, string SecretUid, string User, DateTimeOffset ExpiresAt);

/// <summary>A refusal of the model's API server, by HTTP status.</summary>
internal sealed class Refused(int status, string message, Status? answer = null) : Exception($"{status}: {message}")
{
    public Status? Answer => answer;

    public int Status => status;
}

/// <summary>
/// A cluster in memory, as far as a grant's life touches it. It is immutable but for the fields here, all of which hold immutable things, so
/// that a copy costs nothing and two futures of one state can be compared.
/// </summary>
internal sealed class Cluster
{
    private int _next = 2;

    public DateTimeOffset Now { get; set; } = TestKit.Builders.A.Start;

    public BreakGlassGrant? Grant { get; set; }

    public BreakGlassPolicy? Policy { get; set; }

    public ImmutableList<BreakGlassApproval> Approvals { get; set; } = [];

    public ImmutableList<BreakGlassReview> Reviews { get; set; } = [];

    public ImmutableList<BreakGlassLockdown> Lockdowns { get; set; } = [];

    /// <summary>Other grants of the policy.</summary>
    public ImmutableList<BreakGlassGrant> Siblings { get; set; } = [];

    public ImmutableSortedDictionary<string, Namespace> Namespaces { get; set; } = ImmutableSortedDictionary<string, Namespace>.Empty;

    /// <summary>ClusterRoles, and Roles that are not ours.</summary>
    public ImmutableDictionary<(string Namespace, string Name), IReadOnlyList<PolicyRule>> Rules { get; set; } = ImmutableDictionary<(string, string), IReadOnlyList<PolicyRule>>.Empty;

    /// <summary>Bindings, ServiceAccounts, Secrets and reader Roles, whoever made them.</summary>
    public ImmutableDictionary<Place, IKubeObject> Objects { get; private set; } = ImmutableDictionary<Place, IKubeObject>.Empty;

    /// <summary>UIDs of all bindings that the operator ever made for a grant.</summary>
    public ImmutableHashSet<string> MadeByOperator { get; private set; } = [];

    public ImmutableList<Token> Tokens { get; private set; } = [];

    /// <summary>Secrets that hold a token for ever, by UID; -1 where it was delivered elsewhere.</summary>
    public ImmutableDictionary<string, int> Delivered { get; private set; } = ImmutableDictionary<string, int>.Empty;

    public IEnumerable<IKubeObject> Bindings => Objects.Values.Where(IsBinding);

    /// <summary>Bindings that give what a grant is for, i.e. all but the one by which the requester reads the credential.</summary>
    public IEnumerable<IKubeObject> AccessBindings => Bindings.Where(b => SubjectsOf(b).Count > 0 && (b is not RoleBinding rb || rb.RoleRef.Kind != "Role" || !rb.Metadata.Name.EndsWith("-reader", StringComparison.Ordinal)));

    public static bool IsBinding(IKubeObject o) => o is RoleBinding or ClusterRoleBinding;

    public Cluster Copy() => (Cluster)MemberwiseClone();

    /// <summary>What a cache shows of it from now on, whatever happens to it later.</summary>
    public ClusterView View()
    {
        var (namespaces, roles) = (Namespaces, Rules);
        return new(
            [.. namespaces.Values],
            name => roles.TryGetValue(("", name), out var rules) ? new ClusterRole { Metadata = new() { Name = name }, Rules = rules } : null,
            (ns, name) => roles.TryGetValue((ns, name), out var rules) ? new Role { Metadata = new() { Namespace = ns, Name = name }, Rules = rules } : null,
            name => namespaces.GetValueOrDefault(name));
    }

    public IKubeObject? Get(Place place) => Objects.GetValueOrDefault(place);

    public IKubeObject Create(IKubeObject o, bool byOperator)
    {
        var ns = o.Metadata.Namespace;
        if (ns is not null && !Namespaces.ContainsKey(ns)) throw new Refused(404, $"namespaces \"{ns}\" not found");
        if (ns is not null && Namespaces[ns].Metadata.DeletionTimestamp is not null) throw new Refused(403, $"namespace {ns} is being terminated");
        var place = Place.Of(o);
        if (Objects.ContainsKey(place)) throw new Refused(409, $"{place} already exists");
        var created = With(o is Secret secret ? new SecretMetadata { Metadata = secret.Metadata } : o, m => m with { Uid = NewId("uid"), ResourceVersion = NewId(""), CreationTimestamp = Now });
        Objects = Objects.Add(place, created);
        if (byOperator && IsBinding(created)) MadeByOperator = MadeByOperator.Add(created.Metadata.Uid!);
        return created;
    }

    /// <summary>Puts an object in place of what is there, keeping its UID.</summary>
    public IKubeObject Update(IKubeObject o)
    {
        var place = Place.Of(o);
        if (!Objects.TryGetValue(place, out var there)) throw new Refused(404, $"{place} not found");
        if (there.Metadata.Uid != o.Metadata.Uid) throw new Refused(409, $"{place} has another UID");
        if (RoleRefOf(there) != RoleRefOf(o)) throw new Refused(422, "roleRef cannot be changed");
        var updated = With(o, m => m with { ResourceVersion = NewId("") });
        Objects = Objects.SetItem(place, updated);
        return updated;
    }

    public void Delete(Place place, string? uid)
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

    public void SetFinalizers(BreakGlassGrant read, IReadOnlyList<string> finalizers, bool ended = false)
    {
        if (Grant is null || Grant.Metadata.Uid != read.Metadata.Uid) throw new Refused(404, "the grant is gone");
        if (Grant.Metadata.ResourceVersion != read.Metadata.ResourceVersion) throw new Refused(409, "the grant was written since");
        if (Grant.Metadata.DeletionTimestamp is not null && finalizers.Except(Grant.Metadata.Finalizers).Any()) throw new Refused(422, "no finalizer can be added to what is being deleted");
        var annotations = new Dictionary<string, string>(Grant.Metadata.Annotations);
        if (ended) annotations[BreakGlassApi.EndedAnnotation] = "now";
        Grant = Touched(Grant with { Metadata = Grant.Metadata with { Finalizers = finalizers, Annotations = annotations } });
        if (Grant.Metadata is { DeletionTimestamp: not null, Finalizers.Count: 0 }) Grant = null;
    }

    public BreakGlassGrant Touched(BreakGlassGrant grant) => grant with { Metadata = grant.Metadata with { ResourceVersion = NewId("") } };

    public Token Issue(IKubeObject account, IKubeObject secret, DateTimeOffset expiresAt)
    {
        if (Get(Place.Of(account)) is not ServiceAccount there || there.Metadata.Uid != account.Metadata.Uid) throw new Refused(404, "the ServiceAccount is gone");
        if (Get(Place.Of(secret)) is not SecretMetadata bound || bound.Metadata.Uid != secret.Metadata.Uid) throw new Refused(404, "the Secret is gone");
        var token = new Token(Tokens.Count, there.Metadata.Uid!, bound.Metadata.Uid!, Subjects.ServiceAccountUser(there.Metadata.Namespace!, there.Metadata.Name), expiresAt);
        Tokens = Tokens.Add(token);
        return token;
    }

    /// <summary>Puts a token into its Secret, which can never hold another; a repetition of the same fits.</summary>
    public void Deliver(IKubeObject secret, int token, IReadOnlyDictionary<string, string> annotations)
    {
        var uid = secret.Metadata.Uid!;
        if (Get(Place.Of(secret)) is not SecretMetadata there || there.Metadata.Uid != uid) throw new Refused(409, "another Secret, or none");
        if (Delivered.TryGetValue(uid, out var held) && held != token) throw new Refused(422, "field is immutable when `immutable` is set");
        Delivered = Delivered.SetItem(uid, token);
        Update(there with { Metadata = there.Metadata with { Annotations = annotations } });
    }

    /// <summary>TokenReview.</summary>
    public bool Authenticates(Token token, DateTimeOffset now) =>
        now < token.ExpiresAt && Objects.Values.Any(o => o is ServiceAccount && o.Metadata.Uid == token.AccountUid) && Objects.Values.Any(o => o is SecretMetadata && o.Metadata.Uid == token.SecretUid);

    public string NewId(string prefix) => $"{prefix}{_next++}";

    public static IKubeObject With(IKubeObject o, Func<ObjectMeta, ObjectMeta> change) => o switch
    {
        RoleBinding b => b with { Metadata = change(b.Metadata) },
        ClusterRoleBinding b => b with { Metadata = change(b.Metadata) },
        Role r => r with { Metadata = change(r.Metadata) },
        ServiceAccount a => a with { Metadata = change(a.Metadata) },
        SecretMetadata s => s with { Metadata = change(s.Metadata) },
        _ => throw new InvalidOperationException($"{o.Kind} is not made for grants."),
    };

    public static RoleRef? RoleRefOf(IKubeObject o) => o switch { RoleBinding b => b.RoleRef, ClusterRoleBinding b => b.RoleRef, _ => null };

    public static IReadOnlyList<Subject> SubjectsOf(IKubeObject o) => o switch { RoleBinding b => b.Subjects, ClusterRoleBinding b => b.Subjects, _ => [] };
}
