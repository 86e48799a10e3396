using System.Security.Cryptography;

namespace BreakGlass.Operator.Sessions;

/// <summary>The token of <c>--audit-token-file</c>, read again when the file changes. The last good one stays until there is another good one.</summary>
internal sealed class AuditToken
{
    /// <summary>The shortest token: a guess must be hopeless.</summary>
    public const int Shortest = 16;

    private const int Longest = 4096;
    private const string Scheme = "Bearer ";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private byte[] _digest;
    private DateTime _written;
    private long _read;

    /// <exception cref="IOException">It cannot be read, or holds no token.</exception>
    public AuditToken(string file, TimeProvider time, ILogger logger)
    {
        (_file, _time, _logger) = (file, time, logger);
        (_digest, _written, _read) = (Read(file), File.GetLastWriteTimeUtc(file), time.GetTimestamp());
    }

    /// <summary>Whether a file holds a token; the token is in no message.</summary>
    public static string? Check(string text, out string value)
    {
        value = text;
        try
        {
            Read(text);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return $"is not a readable file with one line of {Shortest} to {Longest} characters. Create a token, for example with 'openssl rand -hex 32'";
        }
    }

    /// <summary>The token in a file, for somebody who sends it.</summary>
    /// <exception cref="IOException">It cannot be read, or holds no token.</exception>
    public static string Of(string file)
    {
        using var text = new StreamReader(file);
        var token = text.ReadLine()?.Trim() ?? "";
        return token.Length is >= Shortest and <= Longest ? token : throw new IOException("The file does not contain a token.");
    }

    /// <summary>Whether a request carries the token. The time that the answer takes says nothing about the token.</summary>
    public bool IsIn(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Digest(header[Scheme.Length..]), Now());
    }

    private byte[] Now()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_read) < Period) return _digest;
            _read = _time.GetTimestamp();
            try
            {
                var written = File.GetLastWriteTimeUtc(_file);
                if (written != _written) (_digest, _written) = (Read(_file), written);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _logger.AuditTokenTrouble(e);
            }

            return _digest;
        }
    }

    private static byte[] Read(string file) => Digest(Of(file));

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
