using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Operator.Options;

internal static class OptionReaders
{
    // Timers take no more than 49 days.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(720);

    private const int LargestAuthorities = 16 * 1024;

    /// <summary>A DNS label, as namespaces are named (RFC 1123).</summary>
    public static string? Namespace(string text, out string value)
    {
        value = text;
        var good = text.Length is >= 1 and <= 63 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            && text[0] != '-' && text[^1] != '-';
        return good ? null : "is not a valid namespace name. Use up to 63 lower-case letters, digits and hyphens, for example breakglass-system";
    }

    public static string? Namespaces(string text, out IReadOnlyList<string> value)
    {
        value = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return value.Count <= 256 && value.All(name => Namespace(name, out _) is null)
            ? null : "is not a list of namespaces. Use up to 256 comma-separated names, for example istio-system,cert-manager";
    }

    public static string? Text(string text, out string value)
    {
        value = text;
        return text.Length is >= 1 and <= 1024 && !text.Any(char.IsControl)
            ? null : "is empty, too long or has line breaks. Use a text of 1 to 1024 characters";
    }

    public static string? Journal(string text, out JournalMode value)
    {
        value = text == nameof(JournalMode.Required) ? JournalMode.Required : JournalMode.BestEffort;
        return value is JournalMode.Required || text == nameof(JournalMode.BestEffort) ? null : "is not a mode of the journal. Use BestEffort or Required";
    }

    public static string? Names(string text, out IReadOnlyList<string> value)
    {
        value = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return value.Count <= 20 && value.All(name => Uri.CheckHostName(name) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6)
            ? null : "is not a list of names. Use up to 20 comma-separated host names or IP addresses, for example hooks.example,10.0.0.7";
    }

    /// <summary>Keys of userInfo.extra with commas between. A credential is not kept in a record that every reader of grants sees.</summary>
    public static string? ClaimKeys(string text, out IReadOnlyList<string> value)
    {
        value = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (value.FirstOrDefault(PolicyWarnings.IsCredential) is { } secret)
        {
            return $"names {secret}, which contains a credential that everybody who can read grants would see. Remove that key";
        }

        return value.Count is >= 1 and <= 20 && value.All(key => key.Length <= 253 && key.All(c => c is > ' ' and < (char)0x7F))
            ? null : "is not a list of keys. Use up to 20 comma-separated keys of userInfo.extra, for example example.com/employee-id";
    }

    public static string? Bool(string text, out bool value)
    {
        value = text.Equals("true", StringComparison.OrdinalIgnoreCase) || text == "1";
        return value || text.Equals("false", StringComparison.OrdinalIgnoreCase) || text == "0" ? null : "is not a boolean. Use true or false";
    }

    public static string? WorkerCount(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value is >= 1 and <= 1000
            ? null : "is not a number of workers. Use a whole number from 1 to 1000";

    public static string? Mebibytes(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value is >= 8 and <= 4096
            ? null : "is not an amount of memory. Use a whole number of MiB from 8 to 4096";

    /// <summary>A duration that is not zero and that a timer takes.</summary>
    public static string? Duration(string text, out TimeSpan value) =>
        GoDuration.TryParse(text, out value) && value > TimeSpan.Zero && value <= Longest
            ? null : "is not a duration above zero and of at most 720h. Use numbers with units (h, m, s, ms), for example 15s or 1h30m";

    /// <summary>The same in whole seconds, which is what a Lease counts in.</summary>
    public static string? WholeSeconds(string text, out TimeSpan value) => Duration(text, out value) ?? (value.Ticks % TimeSpan.TicksPerSecond == 0
        ? null : "is not a whole number of seconds, which a Lease requires. Use for example 15s or 1m");

    /// <summary>A duration of a second or more that a timer takes, or zero for never.</summary>
    public static string? DurationOrNever(string text, out TimeSpan value) =>
        GoDuration.TryParse(text, out value) && (value == TimeSpan.Zero || (value >= TimeSpan.FromSeconds(1) && value <= Longest))
            ? null : "is not a duration of at least 1s and at most 720h. Use numbers with units (h, m, s), for example 10m, or 0 for never";

    /// <summary>The level's name, in .NET's or in the usual short form.</summary>
    public static string? Level(string text, out LogLevel value)
    {
#pragma warning disable CA1308 // The names are lower-case words.
        var level = text.ToLowerInvariant() switch
#pragma warning restore CA1308
        {
            "trace" => LogLevel.Trace,
            "debug" => LogLevel.Debug,
            "info" or "information" => LogLevel.Information,
            "warn" or "warning" => LogLevel.Warning,
            "error" => LogLevel.Error,
            "critical" => LogLevel.Critical,
            _ => LogLevel.None,
        };
        value = level;
        return level == LogLevel.None ? "is not a log level. Use one of trace, debug, info, warning, error, critical" : null;
    }

    /// <summary>An address to listen on, <c>host:port</c>, where no host means every interface.</summary>
    public static string? Listen(string text, out ListenAddress value)
    {
        const string Advice = "is not an address to listen on. Use :PORT for all interfaces, or IP:PORT, for example :8080, 127.0.0.1:8080 or [::1]:8080";
        value = new ListenAddress(null, 0);
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)) return Advice;

        var host = text[..colon];
        IPAddress? address = null;
        if (host == "localhost") address = IPAddress.Loopback;
        else if (host.Length > 0 && (host.Contains(':', StringComparison.Ordinal) || !IPAddress.TryParse(host, out address)))
        {
            // An IPv6 address is told from its port by brackets only.
            if (host[0] != '[' || host[^1] != ']' || !IPAddress.TryParse(host[1..^1], out address)) return Advice;
        }

        value = new ListenAddress(address, port);
        return null;
    }

    /// <summary>An http or https URL without a password in it.</summary>
    public static string? HttpUrl(string text, out Uri value) => Url(text, "https://collector.example:4318", httpToo: true, out value);

    public static string? HttpsUrl(string text, out Uri value) => Url(text, "https://api.example:6443", httpToo: false, out value);

    /// <summary>An https URL without a path: the gateway forwards each path as it is, and reports to paths of its own.</summary>
    public static string? GatewayUrl(string text, out Uri value) => Url(text, "https://gateway.example:8443", httpToo: false, out value)
        ?? (value.AbsolutePath == "/" ? null : "contains a path, which is not possible here. Use only scheme, host and port, for example "
            + "https://gateway.example:8443");

    /// <summary>A file that holds at least one PEM certificate and no private key.</summary>
    public static string? CertificateFile(string text, out string value)
    {
        value = text;
        try
        {
            var pem = File.ReadAllText(text);
            if (pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
                return "contains a private key, and users would receive the whole file. Use a file with only the CA's certificates";
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(pem);
            var count = certificates.Count;
            foreach (var certificate in certificates) certificate.Dispose();
            return count > 0 ? null : "contains no certificate. Use a file with the API server's CA in PEM form (-----BEGIN CERTIFICATE-----)";
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return "cannot be read. Use the path of a readable file with the API server's CA in PEM form";
        }
        catch (CryptographicException)
        {
            return "contains a damaged certificate. Use a file with the API server's CA in PEM form (-----BEGIN CERTIFICATE-----)";
        }
    }

    /// <summary>The same of a file that each grant's status repeats, so that it has to be small.</summary>
    public static string? SmallCertificateFile(string text, out string value) => CertificateFile(text, out value)
        ?? (new FileInfo(text).Length <= LargestAuthorities ? null
            : $"is larger than {LargestAuthorities / 1024} KiB, and each grant's status contains all of it. Use a file with only the CA's certificates");

    private static string? Url(string text, string example, bool httpToo, out Uri value)
    {
        value = new Uri(example);
        var schemes = httpToo ? "an http or https" : "an https";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url)
            || !(url.Scheme == Uri.UriSchemeHttps || (httpToo && url.Scheme == Uri.UriSchemeHttp))
            || url.Host.Length == 0)
        {
            return $"is not {schemes} URL. Use for example {example}";
        }

        if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
            return $"contains a user, a query or a fragment. Use only scheme, host, port and path, for example {example}";
        value = url;
        return null;
    }
}
