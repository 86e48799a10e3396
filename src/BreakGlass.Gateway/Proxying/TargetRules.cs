namespace BreakGlass.Gateway.Proxying;

/// <summary>
/// Which targets are forwarded, byte for byte: those of a path on the API server that nothing between here and there reads as another path.
/// </summary>
internal static class TargetRules
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>What is wrong with a request line; null if it is forwarded.</summary>
    /// <param name="method">The method.</param>
    /// <param name="target">The target as it came.</param>
    public static string? Problem(string method, string target)
    {
        if (!Methods.Contains(method)) return "the gateway forwards the methods GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS only";
        if (!target.StartsWith('/') || target.StartsWith("//", StringComparison.Ordinal))
            return "the target of the request must be a path on the API server, for example /api/v1/pods";
        if (target.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || target.Contains('#', StringComparison.Ordinal))
            return "the target of the request contains characters that must be percent-encoded";
        var end = target.IndexOf('?', StringComparison.Ordinal);
        var path = end < 0 ? target : target[..end];
        foreach (var segment in path.Split('/'))
        {
            if (Decode(segment) is not { } decoded) return "the path of the request contains a percent sign that begins no percent-encoding";
            if (decoded is "." or "..") return "the path of the request contains the segment . or ..";
            if (decoded.AsSpan().IndexOfAny('/', '\\') >= 0 || decoded.Any(c => c is < ' ' or '\x7F'))
                return "the path of the request contains an encoded slash, a backslash or a control character";
        }

        return null;
    }

    /// <summary>A segment with its bytes decoded; null if an encoding is cut short.</summary>
    private static string? Decode(string segment)
    {
        if (!segment.Contains('%', StringComparison.Ordinal)) return segment;
        var text = new StringBuilder(segment.Length);
        for (var i = 0; i < segment.Length; i++)
        {
            if (segment[i] != '%')
            {
                text.Append(segment[i]);
                continue;
            }

            if (i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2])) return null;
            text.Append((char)Convert.FromHexString(segment.AsSpan(i + 1, 2))[0]);
            i += 2;
        }

        return text.ToString();
    }
}
