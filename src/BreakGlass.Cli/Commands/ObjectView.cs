namespace BreakGlass.Cli.Commands;

internal sealed class ObjectView(CliHost host, KubeClient client, string? format)
{
    public async Task ListAsync<T>(ListQuery query, IReadOnlyList<Column<T>> columns, CancellationToken cancellationToken, Func<T, bool>? wanted = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var items = (await client.ListAsync<T>(query, cancellationToken)).Items.Where(wanted ?? (_ => true)).OrderBy(o => o.Metadata.CreatedAt)
            .ThenBy(o => o.Metadata.Name, StringComparer.Ordinal).ToList();
        if (OutputFormat.IsForPrograms(format)) await OutputFormat.WriteListAsync(host, format, items);
        else if (items.Count == 0) await host.SayAsync("No resources found.");
        else await ShowAsync(columns, items);
    }

    public async Task GetAsync<T>(
        string name, IReadOnlyList<Column<T>> columns, CancellationToken cancellationToken, Func<T, IEnumerable<string>>? describe = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var found = await client.GetAsync<T>(name, null, cancellationToken);
        if (OutputFormat.IsForPrograms(format))
        {
            await OutputFormat.WriteAsync(host, format, found);
            return;
        }

        await ShowAsync(columns, [found]);
        foreach (var line in describe?.Invoke(found) ?? []) await host.SayAsync(VisibleText.Line(line));
    }

    private Task ShowAsync<T>(IReadOnlyList<Column<T>> columns, IEnumerable<T> items)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Tables.Of(columns, items, client.Now(host.Time), format == OutputFormat.Wide).WriteAsync(host);
}
