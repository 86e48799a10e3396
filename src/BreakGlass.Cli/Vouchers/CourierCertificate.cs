using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Cli.Vouchers;

/// <summary>
/// A client certificate for the courier, by the cluster's API for CertificateSigningRequests and its signer for clients of the API server. Not every cluster
/// signs: EKS, for example, accepts the request and its approval and never issues a certificate.
/// </summary>
internal sealed class CourierCertificate(ConnectedCluster cluster, CliHost host)
{
    /// <summary>The signer of certificates that the API server accepts as users (Kubernetes 1.19 and later).</summary>
    public const string Signer = "kubernetes.io/kube-apiserver-client";

    /// <summary>The condition by which a CertificateSigningRequest is approved.</summary>
    private const string Approval = nameof(GrantConditions.Approved);
    private const int LongestName = 64;

    /// <summary>A signer that signs does so within a second or two.</summary>
    private static readonly TimeSpan SignerTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ApproverTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>The shortest that the API server gives (<c>spec.expirationSeconds</c>, Kubernetes 1.22 and later).</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(10);

    /// <summary>Refuses what cannot be the name of a courier.</summary>
    /// <exception cref="CliException">The name is not valid.</exception>
    public static void CheckUser(string user)
    {
        if (user.StartsWith("system:", StringComparison.Ordinal) || user.Length is 0 or > LongestName || !char.IsAsciiLetterOrDigit(user[0])
            || !user.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '@'))
        {
            throw CliException.Usage($"--courier-user: '{user}' is not a valid name; use at most {LongestName} letters, digits, '-', '_', '.', ':', '@', "
                + "and not the prefix system:, for example breakglass-courier-2026.");
        }
    }

    /// <summary>Requests a certificate, approves the request if the caller may, and waits for the signer.</summary>
    /// <param name="user">The name of the user that the certificate is for.</param>
    /// <param name="duration">How long it can be used; servers before 1.22 decide on their own.</param>
    /// <param name="canWait">Whether to wait for somebody else's approval if the caller may not approve.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The courier; or why there is none, in words that end a sentence.</returns>
    public async Task<(Courier? Courier, string Why)> RequestAsync(string user, TimeSpan duration, bool canWait, CancellationToken cancellationToken)
    {
        if (duration < Shortest) throw CliException.Usage("--courier-duration: a certificate is valid for 10m or longer.");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        V1CertificateSigningRequest request;
        try
        {
            request = await cluster.Client.CreateAsync(Question(user, key, duration), cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            return (null, "you cannot create CertificateSigningRequests");
        }
        catch (KubeApiException e) when (e.Code is System.Net.HttpStatusCode.NotFound)
        {
            return (null, "the API server does not serve certificates.k8s.io/v1");
        }

        var (certificate, why) = await UntilSignedAsync(request, canWait, cancellationToken);
        if (certificate is null) return (null, why);
        return (CourierOf(user, certificate, key), why);
    }

    private static V1CertificateSigningRequest Question(string user, ECDsa key, TimeSpan duration)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(user);
        return new()
        {
            Metadata = new() { GenerateName = "breakglass-courier-" },
            Spec = new()
            {
                SignerName = Signer,
                Request = Encoding.ASCII.GetBytes(new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequestPem()),
                Usages = ["digital signature", "client auth"],
                ExpirationSeconds = (int)duration.TotalSeconds,
            },
        };
    }

    private async Task<(byte[]? Certificate, string Why)> UntilSignedAsync(
        V1CertificateSigningRequest request, bool canWait, CancellationToken cancellationToken)
    {
        var name = request.Metadata.Name;
        var (mayApprove, isAnnounced, began) = (true, false, host.Time.GetTimestamp());
        long? approved = null;
        for (;;)
        {
            if (request.Status?.Certificate is { Length: > 0 } certificate) return (certificate, "");
            if (ConditionsOf(request).FirstOrDefault(c => c.Type is "Denied" or "Failed") is { } end)
            {
                return (null, $"CertificateSigningRequest {name} is {VisibleText.Name(end.Type)}"
                    + (string.IsNullOrEmpty(end.Message) ? "" : $" ({VisibleText.Line(end.Message)})"));
            }

            if (ConditionsOf(request).Any(c => c.Type == Approval)) approved ??= host.Time.GetTimestamp();
            else if (mayApprove)
            {
                if (await ApproveAsync(request, cancellationToken) is { } changed)
                {
                    request = changed;
                    continue;
                }

                mayApprove = false;
            }

            if (approved is { } since && host.Time.GetElapsedTime(since) >= SignerTime)
            {
                return (null, $"the signer {Signer} of this cluster issued no certificate for CertificateSigningRequest {name} within "
                    + GoDuration.Format(SignerTime));
            }

            if (approved is null)
            {
                if (!canWait) return (null, $"you cannot approve CertificateSigningRequest {name}");
                if (host.Time.GetElapsedTime(began) >= ApproverTime)
                    return (null, $"CertificateSigningRequest {name} was not approved within {GoDuration.Format(ApproverTime)}");
                if (!isAnnounced)
                    await host.SayAsync($"You cannot approve CertificateSigningRequest {name}. Ask somebody who can: kubectl certificate approve {name}");
                isAnnounced = true;
            }

            await Task.Delay(Period, host.Time, cancellationToken);
            if (await ReadAsync(request, cancellationToken) is not { } read)
                return (null, $"you cannot get CertificateSigningRequest {name}, so you do not see whether it was approved");
            request = read;
        }
    }

    /// <summary>Approves a request; null if the caller may not. A request that changed meanwhile is read again.</summary>
    private async Task<V1CertificateSigningRequest?> ApproveAsync(V1CertificateSigningRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.Client.ReplaceApprovalAsync(request with
            {
                Status = new()
                {
                    Conditions =
                    [
                        .. ConditionsOf(request),
                        new() { Type = Approval, Status = "True", Reason = "BreakGlassCourier", Message = "Approved by kubectl breakglass voucher kit." },
                    ],
                },
            }, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            return null;
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            return await ReadAsync(request, cancellationToken);
        }
    }

    /// <summary>A request as it is now; as it was, if there is no answer; null if the caller may not read it.</summary>
    private async Task<V1CertificateSigningRequest?> ReadAsync(V1CertificateSigningRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.Client.GetAsync<V1CertificateSigningRequest>(request.Metadata.Name, null, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            return null;
        }
        catch (Exception e) when (Outages.IsTransient(e))
        {
            return request;
        }
    }

    /// <summary>A signer may change what it was asked for, so what it issued is read before it is used.</summary>
    private Courier CourierOf(string user, byte[] pem, ECDsa key)
    {
        var text = Encoding.UTF8.GetString(pem);
        using var certificate = Read(text);
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
            || certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) != user)
        {
            throw new CliException(ExitCodes.Error, $"the signer {Signer} of this cluster issued a certificate for another key or another user. Use a token "
                + "of a ServiceAccount: --courier-account NAMESPACE/NAME.");
        }

        var way = cluster.Connection;
        return new(CredentialKubeconfig.RenderCertificate(
            way.Server, way.CertificateAuthority?.Read(), "cluster", user, null, text, key.ExportPkcs8PrivateKeyPem(), way.TlsServerName),
            new(certificate.NotAfter.ToUniversalTime()));
    }

    private static X509Certificate2 Read(string pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new CliException(ExitCodes.Error, $"the signer {Signer} of this cluster issued something that is not a certificate. Use a token of a "
                + "ServiceAccount: --courier-account NAMESPACE/NAME.", e);
        }
    }

    private static IEnumerable<V1CertificateSigningRequestCondition> ConditionsOf(V1CertificateSigningRequest request) => request.Status?.Conditions ?? [];
}
