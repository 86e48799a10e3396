using System.Text.RegularExpressions;

namespace BreakGlass.Operator.Logging;

/// <summary>
/// The last wall: no code of ours logs a secret, but an exception of a library or an answer of a server may repeat one. What looks like a
/// token, a JWE, a private key or a kubeconfig's key is masked wherever it stands.
/// </summary>
internal static partial class SecretMask
{
    private const string Mask = "[redacted]";
    private const RegexOptions Plain = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    /// <summary>The text without what looks like a secret.</summary>
    public static string Apply(string text)
    {
        try
        {
            return Masked(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return Mask; // made to be slow: an entry less is better than a secret out or a logger that throws
        }
    }

    private static string Masked(string text)
    {
        // Nearly no entry has any of these, and the expressions cost more than looking.
        if (text.Contains("eyJ", StringComparison.Ordinal)) text = Jose().Replace(text, Mask);
        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal)) text = PrivateKey().Replace(text, Mask);
        if (text.Contains("earer ", StringComparison.Ordinal)) text = Bearer().Replace(text, "${before}" + Mask);
        if (text.Contains("-data", StringComparison.Ordinal)) text = KeyData().Replace(text, "${before}" + Mask);
        return text;
    }

    // A JWS has three parts and a JWE five; a header alone (eyJ is {" in base64url) cut off by a log is masked too.
    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,4}", Plain, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Jose();

    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\z)", Plain | RegexOptions.Singleline,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"(?<before>[Bb]earer )[A-Za-z0-9._~+/=-]{8,}", Plain, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Bearer();

    [GeneratedRegex(@"(?<before>client-key-data""?\s*[:=]\s*""?)[A-Za-z0-9+/=_-]+", Plain, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KeyData();
}
