namespace BreakGlass.Cli.Hosting;

/// <summary>kubectl's flags that say which cluster and who.</summary>
/// <param name="Kubeconfig">The kubeconfig; null for the usual ones.</param>
/// <param name="Context">Its context; null for the current one.</param>
/// <param name="As">A user to act as; null for oneself.</param>
/// <param name="AsGroup">A group to act as.</param>
/// <param name="RequestTimeout">The deadline of one request; null for the usual one.</param>
internal sealed record ConnectionFlags(string? Kubeconfig, string? Context, string? As = null, string? AsGroup = null, TimeSpan? RequestTimeout = null);
