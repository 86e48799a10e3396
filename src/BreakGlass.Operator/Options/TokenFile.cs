using System.Security.Cryptography;

namespace BreakGlass.Operator.Options;

/// <summary>
/// A file with a bearer token, usually from a Secret. It is read again when it changes; until the file has a good token again, the last good one stays.
/// </summary>
/// <param name="file">Where it is.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class TokenFile(string file, TimeProvider time, ILogger logger)
{
    /// <summary>The shortest token: a guess must be hopeless.</summary>
    public const int Shortest = 32;

    private const int Longest = 4096;
    private const string Scheme = "Bearer ";

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private byte[]? _hash;
    private long _read;

    /// <summary>An option reader: null if the file contains a token, otherwise the end of a sentence that names the option, without the token.</summary>
    public static string? Read(string path, out string value)
    {
        value = path;
        try
        {
            return Token(path) is not null ? null
                : $"does not contain a token. Use a file with one line of {Shortest} or more characters, for example from 'openssl rand -hex 32'";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return "cannot be read. Use the path of a readable file with a token, for example from 'openssl rand -hex 32'";
        }
    }

    /// <summary>The token in a file, for those who send it.</summary>
    /// <exception cref="IOException">It cannot be read, or contains no token.</exception>
    public static string Of(string file) => Token(file) ?? throw new IOException("The file does not contain a token.");

    /// <summary>Whether the token is in an Authorization header. The comparison takes the same time for each token that is not.</summary>
    public bool IsIn(string? header)
    {
        if (header?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) is not true || header.Length > Longest + Scheme.Length) return false;
        return Hash() is { } expected && CryptographicOperations.FixedTimeEquals(HashOf(header[Scheme.Length..].Trim()), expected);
    }

    private static string? Token(string path)
    {
        if (new FileInfo(path).Length > Longest) return null;
        var token = File.ReadAllText(path).Trim();
        return token.Length >= Shortest && token.All(c => c is > ' ' and < (char)0x7F) ? token : null;
    }

    private static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private byte[]? Hash()
    {
        lock (_gate)
        {
            if (_hash is not null && time.GetElapsedTime(_read) < Period) return _hash;
            _read = time.GetTimestamp();
            try
            {
                _hash = HashOf(Of(file));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The one that was read last holds. A file that is gone for a moment, while it is replaced, locks no caller out.
                logger.TokenNotRead(file, e);
            }

            return _hash;
        }
    }
}
