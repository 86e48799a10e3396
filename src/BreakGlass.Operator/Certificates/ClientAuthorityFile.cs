using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Operator.Certificates;

/// <summary>
/// The authorities of <c>--webhook-client-ca</c>, read again when the file changes. The last good ones stay until there are other good ones.
/// </summary>
internal sealed class ClientAuthorityFile
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private X509Certificate2Collection _authorities;
    private DateTime _written;
    private long _read;

    /// <exception cref="System.Security.Cryptography.CryptographicException">There is no certificate in it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public ClientAuthorityFile(string file, TimeProvider time, ILogger logger)
    {
        (_file, _time, _logger) = (file, time, logger);
        (_authorities, _written, _read) = (Read(file), File.GetLastWriteTimeUtc(file), time.GetTimestamp());
    }

    public X509Certificate2Collection Now()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_read) < Period) return _authorities;
            _read = _time.GetTimestamp();
            try
            {
                var written = File.GetLastWriteTimeUtc(_file);
                if (written != _written) (_authorities, _written) = (Read(_file), written);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
            {
                _logger.ClientAuthoritiesTrouble(e);
            }

            return _authorities;
        }
    }

    private static X509Certificate2Collection Read(string file)
    {
        var read = new X509Certificate2Collection();
        read.ImportFromPemFile(file);
        return read.Count > 0 ? read : throw new System.Security.Cryptography.CryptographicException($"{file} does not contain a PEM certificate");
    }
}
