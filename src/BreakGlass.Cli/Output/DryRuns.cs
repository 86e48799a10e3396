namespace BreakGlass.Cli.Output;

/// <summary>What <c>--dry-run</c> makes of a write, and of the words about it.</summary>
internal static class DryRuns
{
    /// <summary>What kubectl, too, adds to what it says was done.</summary>
    public static string Suffix(this DryRun mode) => mode switch { DryRun.Client => " (dry run)", DryRun.Server => " (server dry run)", _ => "" };

    /// <summary>Writes, has the API server judge it and store nothing, or gives <paramref name="unsent"/>.</summary>
    public static async Task<T> WriteAsync<T>(this DryRun mode, KubeClient client, T unsent, Func<KubeClient, Task<T>> write)
    {
        if (mode is DryRun.Client) return unsent;
        if (mode is DryRun.None) return await write(client);
        using var rehearsal = client.Rehearsing();
        return await write(rehearsal);
    }
}
