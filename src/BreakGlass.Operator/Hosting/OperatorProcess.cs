using BreakGlass.Operator.Admission;
using BreakGlass.Operator.Health;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Leftovers;
using BreakGlass.Operator.Options;
using BreakGlass.Operator.Jobs;
using BreakGlass.Operator.Reporting;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Hosting;

/// <summary>The process: connects, serves probes and metrics, runs the engine, and ends with an exit code that says how it went.</summary>
internal static class OperatorProcess
{
    /// <summary>Ended as asked.</summary>
    public const int Ok = 0;

    /// <summary>Something failed that a restart may mend.</summary>
    public const int Failed = 1;

    /// <summary>The options or the kubeconfig are wrong.</summary>
    public const int Misconfigured = 2;

    public static async Task<int> RunAsync(OperatorOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger("Operator");
        var connection = ClusterConnection.Detect(options.Kubeconfig, options.Context);
        using var client = Connect(connection, logger);
        if (options.TrustRequester) logger.TrustingRequester();

        using var engine = new OperatorEngine(client, options, Public(options, connection), TimeProvider.System, logs);
        using var endpoint = new MetricsEndpoint(engine.Metrics, ThisVersion.Text, options.OtlpEndpoint);
        await using var webhooks = options.Webhook
            ? new Webhooks(client, options, engine.Settings, engine.Seals, engine.Caches, engine.Metrics, [.. engine.GuardEndpoints, engine.StampEndpoint],
                new Dictionary<string, RequestDelegate> { [AuthorizeEndpoint.Path] = engine.Authorize.ServeAsync }, engine.ServerNow, engine.Clock, logs)
            : null;
        if (webhooks is null) logger.WithoutWebhooks();
        await using var audit = webhooks is not null && options.AuditAddress is not null && engine.Sessions is { } sessions
            ? new AuditListener(options, webhooks, sessions, engine.Metrics, engine.Clock, logs) : null;
        await using var reports = engine.Gateway is { } authority
            ? new ReportListener(options.GatewayReportsAddress, () => authority.OwnCertificate, () => authority.Authorities, engine.GatewayPaths,
                logs.CreateLogger("Gateway"))
            : null;
        await using var journal = ServeJournal(options, webhooks, logs);
        await using var web = Serve(options, engine.Health, webhooks, endpoint);
        await web.StartAsync(cancellationToken);
        using var serving = new CancellationTokenSource();
        var certificates = Task.CompletedTask;
        var lost = false;
        try
        {
            if (webhooks is not null)
            {
                await webhooks.StartAsync(cancellationToken);
                certificates = webhooks.RunAsync(serving.Token);
            }

            if (audit is not null) await audit.StartAsync(cancellationToken);
            if (reports is not null) await reports.StartAsync(cancellationToken);
            if (journal is not null) await journal.StartAsync(cancellationToken);

            logger.Starting(ThisVersion.Text, client.Server.ToString(), await VersionOfAsync(client, cancellationToken));
            await engine.RunAsync(cancellationToken);
            logger.Stopped();
            return Ok;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Ok;
        }
        catch (LeadershipLostException e)
        {
            logger.LeaseLost(e);
            lost = true;
            return Failed;
        }
        catch (HistoryRewoundException e)
        {
            logger.HistoryRewound(e.Message);
            return Failed;
        }
        catch (Exception e)
        {
            logger.Broken(e);
            return Failed;
        }
        finally
        {
            // Another may lead already, and what is under way here ends only with the process: then nothing is worth waiting for.
            if (!lost)
            {
                if (audit is not null) await audit.StopAsync(engine.Clock);
                if (reports is not null) await reports.StopAsync(engine.Clock);
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), TimeProvider.System);
                if (journal is not null) await journal.StopAsync(patience.Token);
                if (webhooks is not null) await webhooks.StopAsync();
                await serving.CancelAsync();
                await certificates;
                await web.StopAsync(CancellationToken.None);
            }
        }
    }

    public static async Task<int> ReapAsync(OperatorOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger("Reaper");
        using var client = Connect(ClusterConnection.Detect(options.Kubeconfig, options.Context), logger);
        var reaper = new Reaper(client, new CoreSettings { GrantsNamespace = options.GrantsNamespace, OperatorNamespace = options.Namespace },
            new SteadyClock(TimeProvider.System), logger);
        var (removed, failed) = await reaper.ReapAsync(cancellationToken);
        logger.ReapDone(removed, failed);
        return failed == 0 ? Ok : Failed;
    }

    public static async Task<int> RevokeAllAsync(OperatorOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger("Revoker");
        using var client = Connect(ClusterConnection.Detect(options.Kubeconfig, options.Context), logger);
        var settings = new CoreSettings { GrantsNamespace = options.GrantsNamespace, OperatorNamespace = options.Namespace };
        var (removed, failed, open) = await new Revoker(client, settings, new SteadyClock(TimeProvider.System), logger).RevokeAllAsync(cancellationToken);
        if (open > 0) logger.RevokeRecordsOpen(open);
        logger.RevokeDone(removed, failed);
        return failed == 0 ? Ok : Failed;
    }

    public static async Task<int> ForwardAuditAsync(OperatorOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger("Audit");
        using var http = AuditForwarder.Client(options.ToCa, options.ToName);
        var forwarder = new AuditForwarder(
            new LogTail(options.File!, AuditForwarder.MostBytes), options.PositionFile!, http, options.To!, () => TokenFile.Of(options.AuditTokenFile!),
            TimeProvider.System, logger);
        await forwarder.RunAsync(cancellationToken);
        return Ok;
    }

    /// <summary>
    /// For the log alone: a process that ends because the API server does not answer is started again later and later, and would be missing when it does.
    /// </summary>
    internal static async Task<string> VersionOfAsync(KubeClient client, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.GetVersionAsync(cancellationToken)).GitVersion;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return $"unknown version ({e.Message})";
        }
    }

    internal static KubeClient Connect(ClusterConnection connection, ILogger logger) =>
        new(connection, TimeProvider.System, ClientOptions(logger));

    internal static KubeClientOptions ClientOptions(ILogger logger) => new()
    {
        UserAgent = $"breakglass-operator/{ThisVersion.Text}",
        FieldManager = BreakGlassApi.ManagedBy,
        OnSkipped = skipped => logger.ObjectSkipped(skipped.Resource, skipped.Key, skipped.Error),
        OnReloadFailed = logger.ReloadFailed,
    };

    private static PublicCluster Public(OperatorOptions options, ClusterConnection connection)
    {
        var authority = options.PublicCaFile is not null ? File.ReadAllText(options.PublicCaFile)
            : options.PublicServer is null ? connection.CertificateAuthority?.Read()
            : null;
        return new(options.PublicServer ?? connection.Server, authority, options.ClusterName);
    }

    private static WebApplication Serve(OperatorOptions options, HealthReport health, Webhooks? webhooks, MetricsEndpoint metrics) => Serve(
        options, metrics, health.Ailments, () => [.. health.Missing(), .. webhooks?.Missing() ?? [], .. health.Ailments()], health.Notes);

    /// <summary>The server of probes and metrics.</summary>
    internal static WebApplication Serve(
        OperatorOptions options, MetricsEndpoint metrics, Func<IReadOnlyList<string>> ailments, Func<IReadOnlyList<string>> missing,
        Func<IReadOnlyList<string>> notes)
    {
        // Empty: a server, and neither the files nor the variables by which others would have a say in where it listens.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options.HttpAddress.Listen);
        var web = builder.Build();
        web.Run(context => context.Request.Path.Value switch
        {
            "/healthz" => HealthReport.AnswerAsync(context, ailments()),
            "/readyz" => HealthReport.AnswerAsync(context, missing(), notes()),
            "/metrics" => metrics.ServeAsync(context),
            _ => NotFoundAsync(context),
        });
        return web;
    }

    private static JournalServer? ServeJournal(OperatorOptions options, Webhooks? webhooks, ILoggerFactory logs)
    {
        if (options is not { JournalListen: { } address, JournalTokenFile: { } token } || JournalStorages.Of(options, TimeProvider.System) is not { } storage)
            return null;
        var logger = logs.CreateLogger("Journal");
        return new(address, new(storage, new(token, TimeProvider.System, logger), TimeProvider.System, logger), () => webhooks?.Certificate, logger);
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
