using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TestKit.Kubelet;

/// <summary>The certificates of the test kubelet, of the control plane's authority.</summary>
internal sealed class KubeletCertificates : IDisposable
{
    /// <summary>The name in the certificate with which the API server comes, see <c>hack/control-plane-pki.sh</c>.</summary>
    public const string ApiServer = "kube-apiserver-kubelet-client";

    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _authority;

    public KubeletCertificates(string directory, string node)
    {
        var pki = Path.Combine(directory, "pki");
        _authority = X509Certificate2.CreateFromPemFile(Path.Combine(pki, "ca.crt"), Path.Combine(pki, "ca.key"));
        Serving = Issue(node);
    }

    /// <summary>With which the kubelet serves.</summary>
    public X509Certificate2 Serving { get; }

    /// <summary>Trusts certificates of the control plane's authority and no others.</summary>
    public X509ChainPolicy Policy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { _authority },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    /// <summary>Whether a client has a valid client certificate of the control plane's authority; which client it is does not matter.</summary>
    public bool IsKnown(X509Certificate2 client)
    {
        using var chain = new X509Chain { ChainPolicy = Policy() };
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuth));
        return chain.Build(client);
    }

    public void Dispose()
    {
        Serving.Dispose();
        _authority.Dispose();
    }

    private X509Certificate2 Issue(string node)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"O=system:nodes, CN=system:node:{node}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName(node);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuth)], critical: false));
        using var issued = request.Create(
            _authority, new DateTimeOffset(_authority.NotBefore), new DateTimeOffset(_authority.NotAfter), RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }
}
