using System.Diagnostics.Metrics;
using BreakGlass.Gateway;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Options;

namespace BreakGlass.Operator.Hosting;

/// <summary>The process of the gateway: connects, serves probes and metrics, and runs until it is stopped.</summary>
internal static class GatewayProcess
{
    /// <summary>How long what is under way may go on after the process was asked to stop.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(OperatorOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger("Gateway");
        var connection = ClusterConnection.Detect(options.Kubeconfig, options.Context);
        using var client = OperatorProcess.Connect(connection, logger);
        var clock = SteadyClock.Following(client, TimeProvider.System);
        using var meter = new Meter(GatewayMetrics.MeterName, ThisVersion.Text);
        using var endpoint = new MetricsEndpoint(meter, ThisVersion.Text, options.OtlpEndpoint);
        using var metrics = new GatewayMetrics(meter);
        await using var gateway = new GatewayServer(
            client, ForwardingTransport.Create(connection, TimeProvider.System, OperatorProcess.ClientOptions(logger)), client.Server,
            new(options.GatewayAddress.Address, options.GatewayAddress.Port, options.GatewayCertDir!, options.StalenessLimit)
            {
                ReportsName = ReportsNameOf(options.Namespace),
                ReportsUrl = options.ReportsUrl ?? new($"https://{ReportsNameOf(options.Namespace)}:{OperatorOptions.ReportsPort}"),
            }, clock, metrics, logger);
        await using var web = OperatorProcess.Serve(
            options, endpoint, gateway.Ailments, () => [.. gateway.Missing(), .. gateway.Ailments()], static () => []);
        using var serving = new CancellationTokenSource();
        try
        {
            await web.StartAsync(cancellationToken);
            await gateway.StartAsync(cancellationToken);
            logger.Starting(ThisVersion.Text, client.Server.ToString(), await OperatorProcess.VersionOfAsync(client, cancellationToken));
            await await Task.WhenAny(
                gateway.RunAsync(serving.Token), new ClockKeeper(client, clock, logger.ClockSkew).RunAsync(serving.Token),
                new HistoryKeeper<BreakGlassGrant>(client, clock).RunAsync(serving.Token),
                Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken));
            logger.Stopped();
            return OperatorProcess.Ok;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return OperatorProcess.Ok;
        }
        catch (HistoryRewoundException e)
        {
            logger.HistoryRewound(e.Message);
            return OperatorProcess.Failed;
        }
        catch (Exception e) when (e is not IOException)
        {
            logger.Broken(e);
            return OperatorProcess.Failed;
        }
        finally
        {
            // What is still open goes on to be cut until it has ended.
            using var patience = new CancellationTokenSource(Drain, TimeProvider.System);
            await gateway.StopAsync(patience.Token);
            await serving.CancelAsync();
            await web.StopAsync(CancellationToken.None);
        }
    }

    private static string ReportsNameOf(string ns) => GatewayAuthority.OwnNamesOf(ns)[0];
}
