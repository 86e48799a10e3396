using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary>
/// Reads a journal over HTTPS: at the operator's endpoint, or from any web server that has the files. What it gives is verified by the reader; the certificate
/// is verified so that the token, and what the journal says, go to no other server.
/// </summary>
internal static class HttpJournal
{
    /// <summary>The start of a place that is read over HTTPS.</summary>
    public const string Scheme = "https://";

    private const int LargestCa = 1024 * 1024;
    private const int LongestToken = 4096;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>A reader of a URL.</summary>
    /// <param name="place">The URL that the paths of tlog-tiles follow.</param>
    /// <param name="ca">A file with the authorities of the server's certificate; null for those of the machine.</param>
    /// <param name="tokenFile">A file with the token; null for none.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static LogReader Open(string place, string? ca, string? tokenFile, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(place.TrimEnd('/') + "/", UriKind.Absolute, out var url) || url.Host.Length == 0 || url.UserInfo.Length + url.Query.Length > 0)
            throw CliException.Usage("the address of the journal is not a valid URL; use for example https://breakglass.example.com:9445/journal");
        var token = tokenFile is null ? null : Token(tokenFile);
        var client = new HttpClient(Handler(ca), disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        return path => Read(client, new(url, path), token, cancellationToken);
    }

    private static ReadOnlyMemory<byte>? Read(HttpClient client, Uri url, string? token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (token is not null) request.Headers.Authorization = new("Bearer", token);
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var response = client.Send(request, HttpCompletionOption.ResponseHeadersRead, either.Token);

            // A read of the body takes no token. It ends when its connection is closed.
            using var end = either.Token.UnsafeRegister(static r => ((HttpResponseMessage)r!).Dispose(), response);
            if (response.StatusCode is HttpStatusCode.NotFound) return null;
            if (!response.IsSuccessStatusCode) throw new CliException(response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? ExitCodes.Refused : ExitCodes.Error, $"{url} answers {(int)response.StatusCode}. {Advice(response.StatusCode)}");
            using var content = response.Content.ReadAsStream(either.Token);
            var bytes = new byte[(int)Math.Min(response.Content.Headers.ContentLength ?? int.MaxValue, EntryBundle.LargestBundle + 1)];
            var read = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            either.Token.ThrowIfCancellationRequested();
            return bytes.AsMemory(0, read);
        }
        catch (Exception e) when (e is OperationCanceledException || (either.IsCancellationRequested && e is not CliException))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new CliException(ExitCodes.Error, $"{url} did not answer within {Limit.TotalSeconds:0} s. Try again.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new CliException(ExitCodes.Error, e.InnerException is System.Security.Authentication.AuthenticationException
                ? $"the certificate of {url.Host} is not trusted. Name the file with its certificate authority with --ca."
                : $"{url} cannot be read: {e.Message}. Check the address.", e);
        }
    }

    private static string Advice(HttpStatusCode code) => code switch
    {
        HttpStatusCode.Unauthorized => "Name the file with the token with --token-file.",
        HttpStatusCode.Forbidden => "Use a token that allows you to read the journal, or copy the journal to a directory.",
        HttpStatusCode.ServiceUnavailable => "The operator cannot read its storage; its log says why.",
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => "Use the address that it redirects to, if you trust it.",
        _ => "Check the address: it is the one that '/checkpoint' follows.",
    };

    private static SocketsHttpHandler Handler(string? ca)
    {
        // A redirection could take the token elsewhere.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(15) };
        if (ca is null) return handler;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPem(Text(ca, LargestCa, "--ca"));
        }
        catch (CryptographicException)
        {
            // Said below.
        }

        if (policy.CustomTrustStore.Count == 0) throw CliException.Usage($"--ca: '{ca}' contains no PEM certificate (BEGIN CERTIFICATE).");
        handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        return handler;
    }

    private static string Token(string file)
    {
        var token = Text(file, LongestToken, "--token-file").Trim();
        return token.Length > 0 && token.All(c => c is > ' ' and < (char)0x7F) ? token
            : throw CliException.Usage($"--token-file: '{file}' contains no token.");
    }

    private static string Text(string file, int most, string flag) => JournalDirectory.Read(file, most) is { } bytes
        ? Encoding.UTF8.GetString(bytes.Span) : throw CliException.Usage($"{flag}: there is no file '{file}'.");
}
