using System.Collections.Frozen;
using BreakGlass.Gateway.Admission;
using Microsoft.Extensions.Primitives;

namespace BreakGlass.Gateway.Proxying;

/// <summary>Which headers pass the gateway. What says who somebody is does not: that is for the gateway to say.</summary>
internal static class HeaderRules
{
    private const string ProtocolToken = "base64url.bearer.authorization.k8s.io.";

    /// <summary>Of one connection (RFC 9110, 7.6.1), or made by the HTTP stack for the message that it sends.</summary>
    private static readonly FrozenSet<string> OfConnection = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Host", "Content-Length", "X-Content-Length", "Expect");

    /// <summary>What makes a message of HTTP/2 malformed (RFC 9113, 8.2.2): a server that reads it as HTTP/1.1 would find other messages in it.</summary>
    private static readonly FrozenSet<string> OfHttp1 = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade");

    /// <summary>Who somebody is or where a request comes from, as a trusted proxy would say it.</summary>
    private static readonly string[] Identities = ["Authorization", "Forwarded", "Audit-Id", "X-Real-Ip"];

    private static readonly string[] IdentityPrefixes = ["X-Remote-", "X-Forwarded-"];

    private const string ImpersonatePrefix = "Impersonate-";

    /// <summary>What is wrong with the headers of a request; null if it is forwarded without those that do not pass.</summary>
    /// <param name="headers">All headers.</param>
    /// <param name="isHttp1">Whether the message was framed by HTTP/1.1.</param>
    /// <param name="policy">The grant's policy, for the sentence.</param>
    /// <param name="mayImpersonate">Whether the policy allows impersonation.</param>
    public static Refusal? Problem(IEnumerable<KeyValuePair<string, StringValues>> headers, bool isHttp1, string policy, bool mayImpersonate)
    {
        var (hasEncoding, hasLength) = (false, false);
        foreach (var (name, values) in headers)
        {
            hasEncoding |= name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase);
            hasLength |= name.Equals("X-Content-Length", StringComparison.OrdinalIgnoreCase);
            if (!isHttp1 && OfHttp1.Contains(name)) return Bad($"the request has the header {name}, which HTTP/2 does not have");
            foreach (var value in values)
            {
                if (value.AsSpan().IndexOfAnyInRange('\0', '\x08') >= 0 || value.AsSpan().IndexOfAnyInRange('\x0A', '\x1F') >= 0
                    || value.AsSpan().Contains('\x7F'))
                {
                    return Bad("a header of the request contains a control character");
                }
            }

            if (!IsImpersonation(name)) continue;
            if (!mayImpersonate) return ImpersonationRefused(policy);

            // The .NET HTTP stack joins equal headers into one: two groups would arrive as one that has both names.
            if (values.Count > 1) return Bad(GatewaySentences.ManyImpersonated);
        }

        // Kestrel keeps the length of a message that has both under this name, and reads the message by its encoding.
        return isHttp1 && hasEncoding && hasLength ? Bad("the request has both Content-Length and Transfer-Encoding") : null;
    }

    /// <summary>Whether a header of a request is forwarded.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="named">The names in the Connection header.</param>
    /// <param name="mayImpersonate">Whether the policy allows impersonation.</param>
    public static bool Passes(string name, IReadOnlySet<string> named, bool mayImpersonate)
    {
        if (name.Length == 0 || name[0] == ':' || OfConnection.Contains(name) || named.Contains(name)) return false;

        // Some servers read an underscore as a hyphen.
        var plain = name.Replace('_', '-');
        if (Identities.Contains(plain, StringComparer.OrdinalIgnoreCase)) return false;
        if (IdentityPrefixes.Any(prefix => plain.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))) return false;
        return mayImpersonate || !IsImpersonation(name);
    }

    /// <summary>Whether a header of an answer is passed on.</summary>
    public static bool Returns(string name, IReadOnlySet<string> named) =>
        !named.Contains(name) && !name.Equals("Audit-Id", StringComparison.OrdinalIgnoreCase) // by it, a request is known
        && (!OfConnection.Contains(name) || name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase));

    /// <summary>The names in a Connection header.</summary>
    public static IReadOnlySet<string> Named(IEnumerable<string?> connection) => new HashSet<string>(
        connection.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The subprotocols of a WebSocket request without those that carry a bearer token, which the API server takes as an Authorization header.
    /// </summary>
    public static IReadOnlyList<string> Protocols(IEnumerable<string?> requested) =>
    [
        .. requested.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Where(protocol => !protocol.StartsWith(ProtocolToken, StringComparison.OrdinalIgnoreCase)),
    ];

    /// <summary>The answer to a request that acts as somebody else and may not.</summary>
    public static Refusal ImpersonationRefused(string policy) =>
        new(RefusalReasons.Impersonation, StatusCodes.Status403Forbidden, GatewaySentences.Impersonation(policy));

    /// <summary>The headers by which a request acts as somebody else.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Impersonation(IEnumerable<KeyValuePair<string, StringValues>> headers)
    {
        List<KeyValuePair<string, string>>? found = null;
        foreach (var (name, values) in headers)
        {
            if (IsImpersonation(name)) (found ??= []).Add(new(name, values.ToString()));
        }

        return (IReadOnlyList<KeyValuePair<string, string>>?)found ?? [];
    }

    private static bool IsImpersonation(string name) =>
        name.Replace('_', '-').StartsWith(ImpersonatePrefix, StringComparison.OrdinalIgnoreCase);

    private static Refusal Bad(string message) => new(RefusalReasons.BadRequest, StatusCodes.Status400BadRequest, message);
}
