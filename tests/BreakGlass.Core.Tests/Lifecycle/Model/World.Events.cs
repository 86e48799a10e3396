using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using k8s.Models;
using Kube.Model;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>What people and other programs do to the cluster.</summary>
internal sealed partial class World
{
    public IKubeObject Binding => Cluster.AccessBindings.Single();

    public ServiceAccount Account => Cluster.Objects.Values.OfType<ServiceAccount>().Single();

    public SecretMetadata CredentialSecret => Cluster.Objects.Values.OfType<SecretMetadata>().Single();

    public void EditPolicy(Func<PolicySpec, PolicySpec> edit) =>
        Cluster.Policy = Cluster.Policy! with { Spec = edit(Cluster.Policy.Spec), Metadata = Cluster.Policy.Metadata with { Generation = Cluster.Policy.Metadata.Generation + 1, ResourceVersion = Cluster.NewId("") } };

    public void DeletePolicy() => Cluster.Policy = null;

    /// <summary>An approver decides, now.</summary>
    public void Decide(string who, string decision = "Approve", string group = "approvers", string? uid = null) => Cluster.Approvals = Cluster.Approvals.Add(A.Approval(Cluster.Grant!, A.Caller(who, group) with { Uid = uid }, decision, Now, Cluster.NewId("approval-")));

    /// <summary>A reviewer reviews, now.</summary>
    public void Review(string who, string outcome = "Justified", string group = "security") => Cluster.Reviews = Cluster.Reviews.Add(A.Review(Cluster.Grant!, A.Caller(who, group), outcome, Now, Cluster.NewId("review-")));

    /// <summary>Somebody stops everything, now.</summary>
    public void Lock(LabelSelector? selector = null, string? by = "sue") => Cluster.Lockdowns = Cluster.Lockdowns.Add(A.Lockdown(selector, by, Now, Cluster.NewId("lockdown-")));

    public void Unlock() => Cluster.Lockdowns = [];

    public void SetNamespace(Namespace ns) => Cluster.Namespaces = Cluster.Namespaces.SetItem(ns.Metadata.Name, ns);

    public void TerminateNamespace(string name)
    {
        if (Cluster.Namespaces.TryGetValue(name, out var ns)) SetNamespace(A.Terminating(ns));
    }

    public void RemoveNamespace(string name)
    {
        Cluster.Namespaces = Cluster.Namespaces.Remove(name);
        foreach (var o in Cluster.Objects.Values.Where(o => o.Metadata.Namespace == name).ToList()) Cluster.Delete(Place.Of(o), null);
    }

    public void SetClusterRole(string name, params PolicyRule[] rules) => Cluster.Rules = Cluster.Rules.SetItem(("", name), rules);

    public void RemoveClusterRole(string name) => Cluster.Rules = Cluster.Rules.Remove(("", name));

    public void Revoke(string? reason = "done", string? by = "alice") => Write(g => g with
    {
        Spec = g.Spec with { Revoke = new() { Reason = reason, By = by is null ? null : A.Caller(by) } }, Metadata = g.Metadata with { Generation = g.Metadata.Generation + 1 },
    });

    public void DeleteGrant()
    {
        if (Grant.Metadata.Finalizers.Count == 0) Cluster.Grant = null;
        else Write(g => g with { Metadata = g.Metadata with { DeletionTimestamp = g.Metadata.DeletionTimestamp ?? Now } });
    }

    /// <summary>Somebody with access to breakglassgrants/status writes what they like.</summary>
    public void ForgeStatus(Func<GrantStatus, GrantStatus> forge) => Write(g => g with { Status = forge(g.Status) });

    public void Write(Func<BreakGlassGrant, BreakGlassGrant> write) => Cluster.Grant = Cluster.Touched(write(Grant));

    /// <summary>Somebody edits an object in place.</summary>
    public IKubeObject Tamper(IKubeObject o, Func<IKubeObject, IKubeObject> tamper) => Cluster.Update(tamper(o));

    public IKubeObject StripLabels(IKubeObject o) => Tamper(o, x => Cluster.With(x, m => m with { Labels = A.Labels() }));

    public IKubeObject StripAnnotations(IKubeObject o) => Tamper(o, x => Cluster.With(x, m => m with { Annotations = A.Labels() }));

    public IKubeObject StripEverything(IKubeObject o) => Tamper(o, x => Cluster.With(x, m => m with { Labels = A.Labels(), Annotations = A.Labels(), OwnerReferences = [] }));

    public IKubeObject AddSubject(IKubeObject o, Subject subject) => Tamper(o, x => WithSubjects(x, [.. Cluster.SubjectsOf(x), subject]));

    public void Delete(IKubeObject o) => Cluster.Delete(Place.Of(o), null);

    /// <summary>Somebody puts an object where there is none.</summary>
    public IKubeObject Put(IKubeObject o) => Cluster.Create(o, byOperator: false);

    /// <summary>Somebody deletes an object and puts another in its place; what is there keeps the given metadata, but has another UID.</summary>
    public IKubeObject Replace(IKubeObject o, Func<IKubeObject, IKubeObject> with)
    {
        Cluster.Delete(Place.Of(o), null);
        return Put(with(o));
    }

    public static IKubeObject WithSubjects(IKubeObject o, params Subject[] subjects) => o switch
    {
        RoleBinding b => b with { Subjects = subjects },
        ClusterRoleBinding b => b with { Subjects = subjects },
        _ => o,
    };

    public static IKubeObject WithRole(IKubeObject o, string clusterRole) => o switch
    {
        RoleBinding b => b with { RoleRef = new() { Kind = "ClusterRole", Name = clusterRole } },
        ClusterRoleBinding b => b with { RoleRef = new() { Kind = "ClusterRole", Name = clusterRole } },
        _ => o,
    };

    public static IKubeObject Unmarked(IKubeObject o) => Cluster.With(o, m => new() { Name = m.Name, Namespace = m.Namespace });

    /// <summary>Whether the grant's requester could do something with what it delivered.</summary>
    public bool HasAccess(string ns = "payments", string group = "apps", string resource = "deployments", string verb = "update")
    {
        var what = new V1ResourceAttributes { NamespaceProperty = ns, Group = group, Resource = resource, Verb = verb };
        var token = Cluster.Tokens.LastOrDefault(t => Cluster.Authenticates(t, Now));
        var identities = new List<V1SubjectAccessReviewSpec> { new() { User = Grant.Spec.Requester!.Username, Groups = [.. Grant.Spec.Requester.Groups] } };
        if (token is not null) identities.Add(new() { User = token.User });
        return identities.Exists(i => Authorizer.Allows(Cluster, i with { ResourceAttributes = what }) is not null);
    }
}
