namespace BreakGlass.Gateway.Admission;

/// <summary>
/// Who is admitted: a function of the client's certificate, the grant and the time, asked for each request and again at each change of the grant.
/// </summary>
internal static class Admittance
{
    // A certificate is valid through the last second that it names.
    private static readonly TimeSpan LastSecond = TimeSpan.FromSeconds(1);

    /// <summary>Why a client is not admitted; null if it is.</summary>
    /// <param name="certificate">The client's certificate; null if it sent none.</param>
    /// <param name="grant">The grant of the name in the certificate, as it is now; null if there is none.</param>
    /// <param name="stop">Why the grant gives no access now though it has not ended (<see cref="GrantBook.StopOf"/>); null if it does.</param>
    /// <param name="now">The time.</param>
    public static Refusal? Judge(ClientCertificate? certificate, BreakGlassGrant? grant, string? stop, DateTimeOffset now)
    {
        if (certificate is null) return Refuse(RefusalReasons.NoCertificate, GatewaySentences.NoCertificate);
        if (!certificate.IsTrusted || certificate.Grant is not { } named)
            return Refuse(RefusalReasons.UnknownCertificate, GatewaySentences.UnknownCertificate);
        if (grant is null || grant.Metadata.Name != named.Grant) return Refuse(RefusalReasons.NoGrant, GatewaySentences.NoGrant(named.Grant));
        if (grant.Metadata.Uid != named.Uid) return Refuse(RefusalReasons.OtherCertificate, GatewaySentences.OtherGrant(named.Grant));
        if (GatewaySentences.End(grant, now) is { } ended) return Refuse(RefusalReasons.Ended, ended);
        if (stop is not null) return Refuse(RefusalReasons.Stopped, stop);
        if (grant.Status is not { Phase: GrantPhase.Active, ExpiresAt: not null })
            return Refuse(RefusalReasons.NotActive, GatewaySentences.NotActive(named.Grant, grant.Status.Phase));
        if (grant.Status.Path is not SessionPath.Gateway) return Refuse(RefusalReasons.DirectPath, GatewaySentences.DirectPath(named.Grant));
        return certificate.Is(grant.Status.Gateway?.Certificate) && now < certificate.NotAfter + LastSecond
            ? null : Refuse(RefusalReasons.OtherCertificate, GatewaySentences.OtherCertificate(named.Grant));
    }

    private static Refusal Refuse(string reason, string message) => new(reason, StatusCodes.Status401Unauthorized, message);
}
