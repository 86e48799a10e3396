using BreakGlass.Operator.Admission;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Options;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// Serves <see cref="AuditEndpoint"/> on a port of its own, in every replica. Requests without a client certificate of <c>--audit-client-ca</c> or the token
/// of <c>--audit-token-file</c> are answered with 401, and nothing of them is read. The certificate is that of the webhooks.
/// </summary>
internal sealed class AuditListener : IAsyncDisposable
{
    private readonly WebhookServer _server;

    public AuditListener(OperatorOptions options, Webhooks webhooks, SessionBook book, OperatorMetrics metrics, TimeProvider time, ILoggerFactory logs)
    {
        var logger = logs.CreateLogger("Audit");
        var token = options.AuditTokenFile is { } file ? new TokenFile(file, time, logger) : null;
        var callers = new WebhookCallers
        {
            ClientAuthorities = options.AuditClientCa is { } ca ? new ClientAuthorityFile(ca, time, logs.CreateLogger("Certificates")).Now : null,
            HasCredential = token is null ? null : context => token.IsIn(context.Request.Headers.Authorization),
            StatusForOthers = StatusCodes.Status401Unauthorized,
        };
        var endpoint = new AuditEndpoint(book, metrics, time, logger);
        _server = new(
            options.AuditAddress!.Address, options.AuditAddress.Port, () => webhooks.Certificate, [], logger, callers,
            new Dictionary<string, RequestDelegate> { [AuditEndpoint.Path] = endpoint.ServeAsync }, "Audit events");
    }

    /// <summary>The port it listens on, once started.</summary>
    public int Port => _server.Port;

    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(cancellationToken);

    public async Task StopAsync(TimeProvider time)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        await _server.StopAsync(patience.Token);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
