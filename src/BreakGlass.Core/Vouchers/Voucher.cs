namespace BreakGlass.Core.Vouchers;

/// <summary>What a voucher says: one person may use one policy of one cluster once, if they have the holder's key. All times are whole seconds.</summary>
/// <param name="Id">The voucher's id, which is used once (<c>jti</c>).</param>
/// <param name="Authority">The name of the BreakGlassAuthority (<c>iss</c>).</param>
/// <param name="Cluster">The UID of the cluster's Namespace kube-system (<c>aud</c>).</param>
/// <param name="Person">The user name of the person who gets access (<c>sub</c>).</param>
/// <param name="Policy">The name of the BreakGlassPolicy.</param>
/// <param name="Access">The access entries of the policy that it is limited to; empty for all.</param>
/// <param name="Namespaces">The namespaces that it is limited to; empty for all.</param>
/// <param name="MaxDuration">The longest that access may last (<c>max_duration</c>).</param>
/// <param name="IssuedAt">When it was issued (<c>iat</c>).</param>
/// <param name="NotBefore">From when on it is valid (<c>nbf</c>).</param>
/// <param name="Expires">From when on it is not valid any more (<c>exp</c>).</param>
/// <param name="HolderKey">The public key of its holder, EC P-256 (<c>cnf.jwk</c>, RFC 7800).</param>
public sealed record Voucher(
    string Id, string Authority, string Cluster, string Person, string Policy, IReadOnlyList<string> Access, IReadOnlyList<string> Namespaces,
    TimeSpan MaxDuration, DateTimeOffset IssuedAt, DateTimeOffset NotBefore, DateTimeOffset Expires, JsonWebKey HolderKey)
{
    /// <summary>How far the clocks of the machine that issued it and of the cluster may differ. The end is exact.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(2);

    /// <summary>Why it is not valid at a time; null if it is.</summary>
    /// <param name="now">The time.</param>
    public string? TimeProblem(DateTimeOffset now)
    {
        if (now >= Expires) return $"the voucher expired at {Timestamp.Text(Expires)}; use another voucher";
        if (NotBefore - now > ClockTolerance) return $"the voucher is valid from {Timestamp.Text(NotBefore)}; use it then, or use another voucher";
        return IssuedAt - now > ClockTolerance
            ? $"the voucher was issued at {Timestamp.Text(IssuedAt)}, which is in the future; check the clocks of the cluster and of the machine that "
                + "issued it"
            : null;
    }
}
