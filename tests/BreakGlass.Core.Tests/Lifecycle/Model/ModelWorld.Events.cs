using BreakGlass.Core.Api;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>What people and other programs do to the cluster.</summary>
internal sealed partial class ModelWorld
{
    public IKubernetesObject<V1ObjectMeta> Binding => Cluster.AccessBindings.Single();

    public V1ServiceAccount Account => Cluster.Objects.Values.OfType<V1ServiceAccount>().Single();

    public SecretMetadata CredentialSecret => Cluster.Objects.Values.OfType<SecretMetadata>().Single();

    public void EditPolicy(Func<PolicySpec, PolicySpec> edit) =>
        Cluster.Policy = Cluster.Policy! with { Spec = edit(Cluster.Policy.Spec),
            Metadata = Cluster.Policy.Metadata with { Generation = Cluster.Policy.Metadata.Generation + 1, ResourceVersion = Cluster.NewId("") } };

    public void EditAuthority(Func<AuthoritySpec, AuthoritySpec> edit) =>
        Cluster.Authority = Cluster.Authority! with { Spec = edit(Cluster.Authority.Spec),
            Metadata = Cluster.Authority.Metadata with { Generation = Cluster.Authority.Metadata.Generation + 1, ResourceVersion = Cluster.NewId("") } };

    public void DeletePolicy() => Cluster.Policy = null;

    /// <summary>An approver decides, now.</summary>
    public void Decide(string who, string decision = "Approve", string group = "approvers", string? uid = null) => Cluster.Approvals = Cluster.Approvals
        .Add(A.Approval(Cluster.Grant!, A.Caller(who, group) with { Uid = uid }, decision, Now, Cluster.NewId("approval-")));

    /// <summary>A reviewer reviews, now.</summary>
    public void Review(string who, string outcome = "Justified", string group = "security") =>
        Cluster.Reviews = Cluster.Reviews.Add(A.Review(Cluster.Grant!, A.Caller(who, group), outcome, Now, Cluster.NewId("review-")));

    /// <summary>Somebody stops everything, now.</summary>
    public void Lock(LabelSelector? selector = null, string? by = "sue") =>
        Cluster.Lockdowns = Cluster.Lockdowns.Add(A.Lockdown(selector, by, Now, Cluster.NewId("lockdown-")));

    public void Unlock() => Cluster.Lockdowns = [];

    /// <summary>Somebody stops everything, or suspends the policy, and takes that back as soon as the operator has begun to act on it.</summary>
    public void Relent(bool isLockdown)
    {
        if (isLockdown) Lock();
        else if (Cluster.Policy is not null) EditPolicy(s => s with { Suspended = true });
        Reconcile();
        if (isLockdown) Unlock();
        else if (Cluster.Policy is not null) EditPolicy(s => s with { Suspended = false });
    }

    public void SetNamespace(V1Namespace ns) => Cluster.Namespaces = Cluster.Namespaces.SetItem(ns.Metadata.Name, ns);

    public void TerminateNamespace(string name)
    {
        if (Cluster.Namespaces.TryGetValue(name, out var ns)) SetNamespace(A.Terminating(ns));
    }

    public void RemoveNamespace(string name)
    {
        Cluster.Namespaces = Cluster.Namespaces.Remove(name);
        foreach (var o in Cluster.Objects.Values.Where(o => o.Metadata.NamespaceProperty == name).ToList()) Cluster.Delete(ObjectPlace.Of(o), null);
    }

    public void SetClusterRole(string name, params V1PolicyRule[] rules) => Cluster.Rules = Cluster.Rules.SetItem(("", name), rules);

    public void RemoveClusterRole(string name) => Cluster.Rules = Cluster.Rules.Remove(("", name));

    public void Revoke(string? reason = "done", string? by = "alice") => Write(g => g with
    {
        Spec = g.Spec with { Revoke = new() { Reason = reason, By = by is null ? null : A.Caller(by) } },
        Metadata = g.Metadata with { Generation = g.Metadata.Generation + 1 },
    });

    public void DeleteGrant()
    {
        if (Grant.FinalizersOrEmpty.Count == 0) Cluster.Grant = null;
        else Write(g => g with { Metadata = g.Metadata with { DeletedAt = g.Metadata.DeletedAt ?? Now } });
    }

    /// <summary>Somebody with access to breakglassgrants/status writes what they like.</summary>
    public void ForgeStatus(Func<GrantStatus, GrantStatus> forge) => Write(g => g with { Status = forge(g.Status) });

    public void Write(Func<BreakGlassGrant, BreakGlassGrant> write) => Cluster.Grant = Cluster.Touched(write(Grant));

    /// <summary>Somebody edits an object in place.</summary>
    public IKubernetesObject<V1ObjectMeta> Tamper(
        IKubernetesObject<V1ObjectMeta> o, Func<IKubernetesObject<V1ObjectMeta>, IKubernetesObject<V1ObjectMeta>> tamper) => Cluster.Update(tamper(o));

    public IKubernetesObject<V1ObjectMeta> StripLabels(IKubernetesObject<V1ObjectMeta> o) =>
        Tamper(o, x => ModelCluster.With(x, m => m with { Labels = A.Labels() }));

    public IKubernetesObject<V1ObjectMeta> StripAnnotations(IKubernetesObject<V1ObjectMeta> o) =>
        Tamper(o, x => ModelCluster.With(x, m => m with { Annotations = A.Labels() }));

    public IKubernetesObject<V1ObjectMeta> StripEverything(IKubernetesObject<V1ObjectMeta> o) =>
        Tamper(o, x => ModelCluster.With(x, m => m with { Labels = A.Labels(), Annotations = A.Labels(), OwnerReferences = [] }));

    public IKubernetesObject<V1ObjectMeta> AddSubject(IKubernetesObject<V1ObjectMeta> o, Rbacv1Subject subject) =>
        Tamper(o, x => WithSubjects(x, [.. ModelCluster.SubjectsOf(x), subject]));

    public void Delete(IKubernetesObject<V1ObjectMeta> o) => Cluster.Delete(ObjectPlace.Of(o), null);

    /// <summary>Somebody puts an object where there is none.</summary>
    public IKubernetesObject<V1ObjectMeta> Put(IKubernetesObject<V1ObjectMeta> o) => Cluster.Create(o, byOperator: false);

    /// <summary>Somebody deletes an object and puts another in its place; what is there keeps the given metadata, but has another UID.</summary>
    public IKubernetesObject<V1ObjectMeta> Replace(
        IKubernetesObject<V1ObjectMeta> o, Func<IKubernetesObject<V1ObjectMeta>, IKubernetesObject<V1ObjectMeta>> with)
    {
        Cluster.Delete(ObjectPlace.Of(o), null);
        return Put(with(o));
    }

    public static IKubernetesObject<V1ObjectMeta> WithSubjects(IKubernetesObject<V1ObjectMeta> o, params Rbacv1Subject[] subjects) => o switch
    {
        V1RoleBinding b => b with { Subjects = subjects },
        V1ClusterRoleBinding b => b with { Subjects = subjects },
        _ => o,
    };

    public static IKubernetesObject<V1ObjectMeta> WithRole(IKubernetesObject<V1ObjectMeta> o, string clusterRole) => o switch
    {
        V1RoleBinding b => b with { RoleRef = new() { ApiGroup = V1Role.KubeGroup, Kind = "ClusterRole", Name = clusterRole } },
        V1ClusterRoleBinding b => b with { RoleRef = new() { ApiGroup = V1Role.KubeGroup, Kind = "ClusterRole", Name = clusterRole } },
        _ => o,
    };

    public static IKubernetesObject<V1ObjectMeta> Unmarked(IKubernetesObject<V1ObjectMeta> o) =>
        ModelCluster.With(o, m => new() { Name = m.Name, NamespaceProperty = m.NamespaceProperty });

    /// <summary>Whether the grant's requester could do something with what it delivered.</summary>
    public bool HasAccess(string ns = "payments", string group = "apps", string resource = "deployments", string verb = "update")
    {
        var what = new V1ResourceAttributes { NamespaceProperty = ns, Group = group, Resource = resource, Verb = verb };
        var token = Cluster.Tokens.LastOrDefault(t => Cluster.Authenticates(t, Now));
        var identities = new List<V1SubjectAccessReviewSpec> { new() { User = Grant.Spec.Requester!.Username, Groups = [.. Grant.Spec.Requester.Groups] } };
        if (token is not null) identities.Add(new() { User = token.User });
        if (Status.Gateway?.Certificate is not null && Status.Phase is GrantPhase.Active
            && Cluster.Objects.Values.OfType<V1ServiceAccount>().FirstOrDefault() is { } account)
        {
            identities.Add(new() { User = $"system:serviceaccount:{account.Metadata.NamespaceProperty}:{account.Metadata.Name}" });
        }

        return identities.Exists(i => Authorizer.Allows(Cluster, i with { ResourceAttributes = what }) is not null);
    }
}
