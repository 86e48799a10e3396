using BreakGlass.Core.Guard;
using BreakGlass.Core.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Guard;

public sealed class PersistenceGuardTests
{
    private const string Rbac = "rbac.authorization.k8s.io";

    private static readonly CoreSettings Settings = new();

    [Theory]
    [InlineData("CREATE", Rbac, "rolebindings", "", "payments", "mine", PersistenceKind.Rbac)]
    [InlineData("UPDATE", Rbac, "clusterroles", "", "", "view", PersistenceKind.Rbac)]
    [InlineData("DELETE", Rbac, "clusterrolebindings", "", "", "x", PersistenceKind.Rbac)]
    [InlineData("CREATE", "", "serviceaccounts", "token", "payments", "default", PersistenceKind.Tokens)]
    [InlineData("UPDATE", "certificates.k8s.io", "certificatesigningrequests", "approval", "", "x", PersistenceKind.Csr)]
    [InlineData("UPDATE", "certificates.k8s.io", "certificatesigningrequests", "status", "", "x", PersistenceKind.Csr)]
    [InlineData("CREATE", "certificates.k8s.io", "certificatesigningrequests", "", "", "x", PersistenceKind.Csr)]
    [InlineData("CREATE", "certificates.k8s.io", "podcertificaterequests", "", "payments", "x", PersistenceKind.Csr)]
    [InlineData("UPDATE", "certificates.k8s.io", "clustertrustbundles", "", "", "x", PersistenceKind.Csr)]
    [InlineData("DELETE", "certificates.k8s.io", "certificatesigningrequests", "", "", "x", null)]
    [InlineData("UPDATE", "", "configmaps", "", "kube-system", "aws-auth", PersistenceKind.Rbac)]
    [InlineData("UPDATE", "", "configmaps", "", "kube-system", "extension-apiserver-authentication", PersistenceKind.Csr)]
    [InlineData("UPDATE", "", "configmaps", "", "kube-system", "coredns", null)]
    [InlineData("CREATE", "", "configmaps", "", "payments", "aws-auth", null)]
    [InlineData("UPDATE", "flowcontrol.apiserver.k8s.io", "flowschemas", "", "", "exempt-mine", PersistenceKind.Webhooks)]
    [InlineData("DELETE", "flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "", "", "breakglass", PersistenceKind.OwnKinds)]
    [InlineData("DELETE", "flowcontrol.apiserver.k8s.io", "flowschemas", "", "", "", PersistenceKind.OwnKinds)]
    [InlineData("UPDATE", "flowcontrol.apiserver.k8s.io", "flowschemas", "status", "", "x", null)]
    [InlineData("DELETE", "scheduling.k8s.io", "priorityclasses", "", "", "breakglass-operator", PersistenceKind.OwnKinds)]
    [InlineData("DELETE", "scheduling.k8s.io", "priorityclasses", "", "", "batch", null)]
    [InlineData("DELETE", Rbac, "clusterrolebindings", "", "", "breakglass-operator", PersistenceKind.OwnKinds)]
    [InlineData("DELETE", Rbac, "rolebindings", "", "payments", "", PersistenceKind.OwnKinds)]
    [InlineData("UPDATE", "admissionregistration.k8s.io", "validatingadmissionpolicies", "", "", "breakglass-guard", PersistenceKind.OwnKinds)]
    [InlineData("UPDATE", "apiregistration.k8s.io", "apiservices", "", "", "v1alpha1.breakglass.dev", PersistenceKind.OwnKinds)]
    [InlineData("UPDATE", "apiextensions.k8s.io", "customresourcedefinitions", "status", "", "breakglassgrants.breakglass.dev", PersistenceKind.OwnKinds)]
    [InlineData("UPDATE", "", "namespaces", "finalize", "breakglass-grants", "breakglass-grants", PersistenceKind.OwnNamespaces)]
    [InlineData("UPDATE", "user.openshift.io", "groups", "", "", "cluster-admins", PersistenceKind.Rbac)]
    [InlineData("CREATE", "oauth.openshift.io", "oauthclients", "", "", "mine", PersistenceKind.Tokens)]
    [InlineData("CREATE", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", "", "x", PersistenceKind.Webhooks)]
    [InlineData("DELETE", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", "", "", "x", PersistenceKind.Webhooks)]
    [InlineData("CREATE", "apiregistration.k8s.io", "apiservices", "", "", "x", PersistenceKind.Webhooks)]
    [InlineData("CREATE", "breakglass.dev", "breakglassgrants", "", "", "x", PersistenceKind.OwnKinds)]
    [InlineData("UPDATE", "breakglass.dev", "breakglassgrants", "status", "", "x", PersistenceKind.OwnKinds)]
    [InlineData("DELETE", "apiextensions.k8s.io", "customresourcedefinitions", "", "", "breakglassgrants.breakglass.dev", PersistenceKind.OwnKinds)]
    [InlineData("DELETE", "apiextensions.k8s.io", "customresourcedefinitions", "", "", "", PersistenceKind.OwnKinds)]
    [InlineData("CREATE", "", "secrets", "", "breakglass-grants", "x", PersistenceKind.OwnNamespaces)]
    [InlineData("CONNECT", "", "pods", "exec", "breakglass-system", "x", PersistenceKind.OwnNamespaces)]
    [InlineData("UPDATE", "apps", "deployments", "scale", "breakglass-system", "breakglass-operator", PersistenceKind.OwnNamespaces)]
    [InlineData("CREATE", Rbac, "rolebindings", "", "breakglass-grants", "x", PersistenceKind.OwnNamespaces)]
    [InlineData("DELETE", "", "namespaces", "", "breakglass-grants", "breakglass-grants", PersistenceKind.OwnNamespaces)]
    [InlineData("DELETE", "", "namespaces", "", "", "breakglass-system", PersistenceKind.OwnNamespaces)]
    [InlineData("CREATE", "", "serviceaccounts", "", "payments", "x", null)]
    [InlineData("DELETE", "apiextensions.k8s.io", "customresourcedefinitions", "", "", "things.example.com", null)]
    [InlineData("UPDATE", "", "namespaces", "", "payments", "payments", null)]
    [InlineData("CONNECT", "", "pods", "exec", "payments", "x", null)]
    [InlineData("UPDATE", "apps", "deployments", "", "payments", "checkout", null)]
    public void What_could_outlive_a_grant_is_known(
        string operation, string group, string resource, string subresource, string ns, string name, PersistenceKind? way) =>
            PersistenceGuard.KindOf(
                new() { Operation = operation, Group = group, Resource = resource, Subresource = subresource, Namespace = ns, Name = name },
                Settings).Should().Be(way);

    [Theory]
    [InlineData("CREATE", "Webhook", PersistenceKind.Webhooks)]
    [InlineData("UPDATE", "Webhook", PersistenceKind.Webhooks)]
    [InlineData("UPDATE", "None", null)]
    [InlineData("CREATE", "", null)]
    public void A_definition_whose_objects_pass_through_a_webhook_is_guarded(string operation, string strategy, PersistenceKind? way) =>
        PersistenceGuard.KindOf(new() { Operation = operation, Group = "apiextensions.k8s.io", Resource = "customresourcedefinitions",
            Name = "things.example.com", ConversionStrategy = strategy }, Settings)
            .Should().Be(way);

    [Theory]
    [InlineData("", "kubernetes.io/service-account-token", PersistenceKind.Tokens)]
    [InlineData("Opaque", "bootstrap.kubernetes.io/token", PersistenceKind.Tokens)]
    [InlineData("", "Opaque", null)]
    public void An_update_of_a_token_that_leaves_its_type_out_was_let_through(string type, string before, PersistenceKind? way) =>
        PersistenceGuard.KindOf(new() { Operation = "UPDATE", Resource = "secrets", Namespace = "payments", Name = "x", SecretType = type,
            OldSecretType = before }, Settings).Should().Be(way);

    [Theory]
    [InlineData("kubernetes.io/service-account-token", "CREATE", PersistenceKind.Tokens)]
    [InlineData("bootstrap.kubernetes.io/token", "CREATE", PersistenceKind.Tokens)]
    [InlineData("kubernetes.io/service-account-token", "UPDATE", PersistenceKind.Tokens)]
    [InlineData("bootstrap.kubernetes.io/token", "UPDATE", PersistenceKind.Tokens)]
    [InlineData("kubernetes.io/service-account-token", "DELETE", null)]
    [InlineData("Opaque", "CREATE", null)]
    [InlineData("", "CREATE", null)]
    public void A_secret_goes_by_its_type(string type, string operation, PersistenceKind? way) =>
        PersistenceGuard.KindOf(new() { Operation = operation, Resource = "secrets", Namespace = "payments", Name = "x", SecretType = type }, Settings)
            .Should().Be(way);

    [Theory]
    [InlineData("system:serviceaccount:breakglass-grants:inc-1-0123456789", "inc-1-0123456789")]
    [InlineData("system:serviceaccount:breakglass-grants:", null)]
    [InlineData("system:serviceaccount:breakglass-grants-too:x", null)]
    [InlineData("system:serviceaccount:breakglass-system:breakglass-operator", null)]
    [InlineData("alice", null)]
    [InlineData("", null)]
    public void Only_the_grants_namespace_has_identities(string user, string? identity) => PersistenceGuard.IdentityOf(user, Settings).Should().Be(identity);

    [Fact]
    public void An_identity_leads_to_its_grant_and_not_to_a_namesake()
    {
        var grant = A.Grant();
        var identity = GrantNames.Identity(grant);
        PersistenceGuard.GrantNameOf(identity).Should().Be(grant.Metadata.Name);
        PersistenceGuard.IsOf(identity, grant).Should().BeTrue();
        PersistenceGuard.IsOf(identity, A.Grant(uid: "another")).Should().BeFalse();
        PersistenceGuard.GrantNameOf("default").Should().BeNull();
    }

    [Fact]
    public void A_policy_allows_what_it_names_and_a_namesake_of_it_allows_nothing()
    {
        var grant = A.Grant() with { Status = new() { PolicyUid = "policy-1" } };
        var policy = A.Policy(p => p with { AllowPersistence = ["rbac", "impersonate"] });
        PersistenceGuard.Allows(policy, grant, PersistenceKind.Rbac).Should().BeTrue();
        PersistenceGuard.Allows(policy, grant, PersistenceKind.Tokens).Should().BeFalse();
        PersistenceGuard.Allows(policy with { Metadata = policy.Metadata with { Uid = "another" } }, grant, PersistenceKind.Rbac).Should().BeFalse();
        PersistenceGuard.Allows(null, grant, PersistenceKind.Rbac).Should().BeFalse();
        PersistenceGuard.Allows(policy, A.Grant(), PersistenceKind.Rbac).Should().BeFalse("the grant was never recorded with any policy");
    }

    [Theory]
    [InlineData(PersistenceKind.OwnKinds)]
    [InlineData(PersistenceKind.OwnNamespaces)]
    public void No_policy_allows_what_decides_over_grants(PersistenceKind way)
    {
        var grant = A.Grant() with { Status = new() { PolicyUid = "policy-1" } };
        PersistenceGuard.Allows(A.Policy(p => p with { AllowPersistence = ["rbac", "tokens", "csr", "impersonate", "webhooks"] }), grant, way)
            .Should().BeFalse();
    }

    [Fact]
    public void A_name_that_was_never_validated_is_cut_and_cleaned()
    {
        var text = PersistenceGuard.Describe(new() { Operation = "CREATE", Group = Rbac, Resource = "roles", Namespace = "payments",
            Name = "a\n\u001b[31mb\u202e" + new string('x', 1_000_000) });
        text.Should().StartWith("create roles.rbac.authorization.k8s.io payments/a??[31mb?xxx").And.HaveLength(201);
        PersistenceGuard.Describe(new() { Operation = "CREATE", Resource = "pods", Namespace = "payments" }).Should().Be("create pods payments/(no name)");
        PersistenceGuard.Describe(new() { Operation = "DELETE", Resource = "nodes" }).Should().Be("delete nodes");
    }

    [Fact]
    public void The_holder_of_rights_is_no_identity_of_any_grant()
    {
        var holder = PersistenceRights.Holder(A.Grant(), Settings);
        holder.Kind.Should().Be("ServiceAccount");
        holder.NamespaceProperty.Should().Be("breakglass-grants");
        holder.Name.Should().Be($"{GrantNames.Identity(A.Grant())}.persistence");
        PersistenceGuard.IsOf(holder.Name, A.Grant()).Should().BeFalse();
    }

    [Fact]
    public void Each_word_has_a_role_but_impersonate_which_no_admission_sees() =>
        PersistenceRights.ClusterRoles(A.Policy(p => p with { AllowPersistence = ["webhooks", "rbac", "impersonate", "tokens", "csr"] }).Spec).Should()
            .Equal("breakglass-persistence-csr", "breakglass-persistence-rbac", "breakglass-persistence-tokens", "breakglass-persistence-webhooks");
}
