using k8s.Models;
using Kube.Client;

namespace TestKit;

/// <summary>The resources that a server serves. Tests may add some, or take some away as an uninstalled CRD does.</summary>
public sealed class ResourceRegistry
{
    private readonly Dictionary<(string Group, string Version, string Plural), ResourceDefinition> _all = [];

    /// <param name="server">The release whose rules to follow where they have changed.</param>
    internal ResourceRegistry(Version server)
    {
        Register(new("", "v1", "Namespace", "namespaces", false) { HasStatus = true, Default = o => KindRules.DefaultNamespace(o, server) });
        Register(new("", "v1", "ServiceAccount", "serviceaccounts", true));
        Register(new("", "v1", "ConfigMap", "configmaps", true));
        Register(new("", "v1", "Secret", "secrets", true) { Default = KindRules.DefaultSecret, Validate = KindRules.Secret });
        foreach (var (kind, plural, namespaced) in new[] { ("Role", "roles", true), ("ClusterRole", "clusterroles", false) })
        {
            Register(new(V1Role.KubeGroup, "v1", kind, plural, namespaced) { CreateOnUpdate = true, AnyPathSegmentName = true, Validate = KindRules.Role });
        }

        foreach (var (kind, plural, namespaced) in new[] { ("RoleBinding", "rolebindings", true), ("ClusterRoleBinding", "clusterrolebindings", false) })
        {
            Register(new(V1Role.KubeGroup, "v1", kind, plural, namespaced)
            {
                CreateOnUpdate = true, AnyPathSegmentName = true, Default = KindRules.DefaultBinding, Validate = KindRules.Binding,
            });
        }

        Register(new("coordination.k8s.io", "v1", "Lease", "leases", true) { CreateOnUpdate = true, UnconditionalUpdate = false, Validate = KindRules.Lease });
        Register(new("events.k8s.io", "v1", "Event", "events", true) { Validate = (o, old) => KindRules.Event(o, old, server) });
        foreach (var kind in new[] { "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration" })
        {
            Register(new("admissionregistration.k8s.io", "v1", kind, kind.ToLowerInvariant() + "s", false)); // stored and served; nobody is called
        }

        if (server >= new Version(1, 30))
        {
            Register(new("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false)); // likewise
            Register(new("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", false));
        }

        foreach (var (kind, plural) in new[]
        {
            ("BreakGlassPolicy", "breakglasspolicies"), ("BreakGlassGrant", "breakglassgrants"), ("BreakGlassApproval", "breakglassapprovals"),
            ("BreakGlassReview", "breakglassreviews"), ("BreakGlassLockdown", "breakglasslockdowns"),
            ("BreakGlassSession", "breakglasssessions"), ("BreakGlassAuthority", "breakglassauthorities"),
            ("BreakGlassDrill", "breakglassdrills"),
        })
        {
            Register(new("breakglass.dev", "v1alpha1", kind, plural, false) { Custom = true, HasStatus = true, UnconditionalUpdate = false });
        }
    }

    /// <summary>Everything that is served.</summary>
    public IReadOnlyCollection<ResourceDefinition> All => [.. _all.Values];

    /// <summary>Serves a resource from now on; replaces a definition of the same place.</summary>
    public void Register(ResourceDefinition definition) => _all[(definition.Group, definition.Version, definition.Plural)] = definition;

    /// <summary>No longer serves a resource: requests for it get 404. What is stored stays.</summary>
    public void Unregister(string group, string version, string plural) => _all.Remove((group, version, plural));

    internal ResourceDefinition? Find(string group, string version, string plural) => _all.GetValueOrDefault((group, version, plural));

    internal ResourceDefinition Of(ResourceType type) => Find(type.Group, type.Version, type.Plural)
        ?? throw new InvalidOperationException($"The fake server does not serve {type} {type.ApiVersion}; register it with server.Resources.Register.");

    internal bool ServesBuiltIn(string group, string version) => _all.Values.Any(r => r.Group == group && r.Version == version && !r.Custom);
}
