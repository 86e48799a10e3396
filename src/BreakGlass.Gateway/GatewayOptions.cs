namespace BreakGlass.Gateway;

/// <summary>How a gateway is set up.</summary>
/// <param name="Address">The interface to listen on; null for all of them.</param>
/// <param name="Port">The port; 0 for any free one.</param>
/// <param name="CertificateDirectory">The directory with tls.crt, tls.key and ca.crt, and own.crt and own.key if the former are not the operator's.</param>
/// <param name="StalenessLimit">How long the API server may be silent before nothing new is admitted.</param>
public sealed record GatewayOptions(IPAddress? Address, int Port, string CertificateDirectory, TimeSpan StalenessLimit)
{
    /// <summary>The limits.</summary>
    public GatewayLimits Limits { get; init; } = new();

    /// <summary>The operator, to which it reports what it forwards; null for nobody.</summary>
    public Uri? ReportsUrl { get; init; }

    /// <summary>The name in the operator's certificate, whatever the host of the URL is.</summary>
    public string ReportsName { get; init; } = "";
}
