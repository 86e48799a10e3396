namespace BreakGlass.Operator.Certificates;

/// <summary>Where the webhooks' certificate comes from: managed in a Secret, or files.</summary>
internal interface ICertificateSource
{
    /// <summary>What keeps the API server from reaching the webhooks, as far as certificates go; empty where nothing does.</summary>
    IReadOnlyList<string> Missing();

    Task RunAsync(CancellationToken cancellationToken);
}
