using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Integration.Guard;

internal static class PersistenceAttempts
{
    /// <summary>Attempts that a policy can allow, each under names of its own so that it can be made by several grants.</summary>
    /// <param name="id">A part of names.</param>
    /// <param name="csr">A certificate request that waits for approval.</param>
    public static IReadOnlyList<PersistenceAttempt> Allowable(string id, string csr) =>
    [
        new("rbac", $"create rolebinding mine-{id} --clusterrole=view --user=mallory -n default", null,
            $"create rolebindings.rbac.authorization.k8s.io default/mine-{id}"),
        new("rbac", $"create clusterrolebinding mine-{id} --clusterrole=cluster-admin --user=mallory", null,
            $"create clusterrolebindings.rbac.authorization.k8s.io mine-{id}"),
        new("rbac", $"create clusterrole mine-{id} --verb=get --resource=pods", null, $"create clusterroles.rbac.authorization.k8s.io mine-{id}"),
        new("tokens", "create --raw /api/v1/namespaces/default/serviceaccounts/default/token -f -",
            """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":86400}}""",
            "create serviceaccounts/token default/default"),
        new("tokens", "create -f -", $$"""
            {"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"mine-{{id}}","namespace":"default","annotations":{"kubernetes.io/service-account.name":"default"} } }
            """, $"create secrets default/mine-{id}"),
        new("csr", $"certificate approve {csr}", null, $"update certificatesigningrequests/approval.certificates.k8s.io {csr}"),
        new("webhooks", "create -f -", $$"""
            {"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.mine-{{id}}.example.com"},"spec":{"group":"mine-{{id}}.example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1,"insecureSkipTLSVerify":true,"service":{"name":"mine","namespace":"default"} } }
            """, $"create apiservices.apiregistration.k8s.io v1.mine-{id}.example.com"),
    ];

    /// <summary>Attempts that no policy allows.</summary>
    public static IReadOnlyList<PersistenceAttempt> Never(string id, Incident incident) =>
    [
        new("own", $"delete bgg {incident.Grant} --wait=false", null, $"delete breakglassgrants.breakglass.dev {incident.Grant}"),
        new("own", $"annotate bgp {incident.Policy} mine=true", null, $"update breakglasspolicies.breakglass.dev {incident.Policy}"),
        new("own", "create -f -", $$"""
            {"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassGrant","metadata":{"name":"again-{{id}}"},"spec":{"policy":"{{incident.Policy}}","justification":"once more, for longer than the first","ticket":"INC-1"} }
            """, $"create breakglassgrants.breakglass.dev again-{id}"),
        new("own", "annotate crd breakglassgrants.breakglass.dev mine=true", null,
            "update customresourcedefinitions.apiextensions.k8s.io breakglassgrants.breakglass.dev"),
        new("own", $"create serviceaccount mine-{id} -n breakglass-grants", null, $"create serviceaccounts breakglass-grants/mine-{id}"),
        new("own", $"create configmap mine-{id} -n breakglass-system", null, $"create configmaps breakglass-system/mine-{id}"),
        new("own", $"create rolebinding mine-{id} --clusterrole=view --user=mallory -n breakglass-grants", null,
            $"create rolebindings.rbac.authorization.k8s.io breakglass-grants/mine-{id}"),
        new("own", "label namespace breakglass-grants mine=true", null, "update namespaces breakglass-grants/breakglass-grants"),
    ];

    /// <summary>A request for a certificate of Mallory's, which waits for approval.</summary>
    public static async Task<string> CertificateRequestAsync(TestCluster cluster, string id)
    {
        await cluster.ControlPlane.AdminAsync(["create", "-f", "-"], CertificateRequest($"mallory-{id}"));
        return $"mallory-{id}";
    }

    /// <summary>Its manifest.</summary>
    public static string CertificateRequest(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = new CertificateRequest("CN=mallory", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        return $$"""
            {"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"{{name}}"},"spec":{"signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"],"request":"{{Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(pem))}}"} }
            """;
    }
}
