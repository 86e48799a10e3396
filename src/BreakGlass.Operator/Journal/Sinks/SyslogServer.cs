namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>A syslog server. The files are read for each connection, so that a renewed certificate is used.</summary>
/// <param name="Host">Its name or address. Its certificate must be for it.</param>
/// <param name="Port">Its port.</param>
/// <param name="UsesTls">Whether it is reached over TLS. Without it, only on this machine.</param>
/// <param name="CaFile">The file with the authorities of its certificate (PEM); null for those of the system.</param>
/// <param name="CertificateFile">The file with the client certificate (PEM); null for none.</param>
/// <param name="KeyFile">The file with the key of the client certificate (PEM).</param>
internal sealed record SyslogServer(string Host, int Port, bool UsesTls, string? CaFile, string? CertificateFile, string? KeyFile)
{
    /// <summary>The port of syslog over TLS.</summary>
    public const int StandardPort = 6514;
}
