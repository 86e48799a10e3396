namespace BreakGlass.Cli.Commands;

internal sealed class GrantWatch(CliHost host, KubeClient client, string? format)
{
    public async Task OneAsync(string name, CancellationToken cancellationToken)
    {
        var grant = await client.GetAsync<BreakGlassGrant>(name, null, cancellationToken);
        await foreach (var now in new Follower<BreakGlassGrant>(client, host.Time).FollowAsync(grant, cancellationToken))
        {
            await ShowAsync(now);
            if (now.Status.IsTerminal) return;
        }
    }

    public async Task AllAsync(CancellationToken cancellationToken)
    {
        var list = await client.ListAsync<BreakGlassGrant>(new(), cancellationToken);
        foreach (var grant in list.Items) await ShowAsync(grant);
        var version = list.Metadata.ResourceVersion;
        while (true)
        {
            var (started, sawChange) = (host.Time.GetTimestamp(), false);
            try
            {
                version ??= (await client.ListPageAsync<BreakGlassGrant>(new() { Limit = 1 }, cancellationToken)).Metadata.ResourceVersion;
                await foreach (var (type, grant) in client.WatchAsync<BreakGlassGrant>(new() { ResourceVersion = version }, cancellationToken))
                {
                    version = grant.Metadata.ResourceVersion;
                    sawChange |= type is not WatchEventType.Bookmark;
                    if (type is WatchEventType.Added or WatchEventType.Modified) await ShowAsync(grant);
                }
            }
            catch (KubeApiException e) when (e.IsGone)
            {
                version = null;
                await host.SayAsync("some changes were missed; continuing from now");
            }
            catch (Exception e) when (Outages.IsTransient(e))
            {
                await Task.Delay(Outages.Pause, host.Time, cancellationToken);
                continue;
            }

            // A server that ends watches at once would be asked as fast as it can answer.
            if (!sawChange && host.Time.GetElapsedTime(started) < Outages.Pause) await Task.Delay(Outages.Pause, host.Time, cancellationToken);
        }
    }

    private Task ShowAsync(BreakGlassGrant grant) => format switch
    {
        OutputFormat.Json => host.Out.WriteLineAsync(OutputFormat.ToNode(grant)!.ToJsonString()),
        OutputFormat.Name => host.Out.WriteLineAsync(OutputFormat.NameOf(grant)),
        _ => host.Out.WriteLineAsync(
            $"{Timestamp.Text(client.Now(host.Time))}  {grant.Metadata.Name}  {Callers.Shown(grant.Spec.Requester)}  {GrantWords.Line(grant)}"),
    };
}
