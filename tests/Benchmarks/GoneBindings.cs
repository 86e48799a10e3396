using System.Collections.Concurrent;
using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;

namespace Benchmarks;

/// <summary>When a watch saw the bindings of grants go: those that give access, and those that let the credential be read.</summary>
internal sealed class GoneBindings : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<(bool Reader, string Grant), long> _gone = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private GoneBindings(KubeClient client, string prefix, string version)
    {
        bool IsOurs(V1RoleBinding binding) =>
            binding.LabelsOrEmpty.TryGetValue(BreakGlassApi.GrantLabel, out var grant) && grant.StartsWith(prefix, StringComparison.Ordinal);
        static (bool Reader, string Grant) Of(V1RoleBinding binding) =>
            (binding.Metadata.NamespaceProperty == BenchmarkCluster.GrantsNamespace, binding.LabelsOrEmpty[BreakGlassApi.GrantLabel]);
        _running = Follow.RunAsync<V1RoleBinding>(client, $"{BreakGlassApi.ManagedByLabel}={BreakGlassApi.ManagedBy}", version,
            change =>
            {
                if (change.Type is WatchEventType.Deleted && IsOurs(change.Object)) _gone.TryAdd(Of(change.Object), TimeProvider.System.GetTimestamp());
            },
            _ => throw new InvalidOperationException("changes of bindings were missed: too slow a machine for this figure; run it again"),
            _stop.Token);
    }

    /// <summary>When those that give access went.</summary>
    public IReadOnlyList<long> Access => [.. _gone.Where(g => !g.Key.Reader).Select(g => g.Value)];

    /// <summary>When all of them went.</summary>
    public IReadOnlyList<long> All => [.. _gone.Values];

    /// <summary>Follows the bindings of the grants whose names begin so, from now on.</summary>
    public static async Task<GoneBindings> StartAsync(KubeClient client, string prefix, CancellationToken cancellationToken) =>
        new(client, prefix, await Follow.NowAsync<V1RoleBinding>(client, cancellationToken));

    /// <summary>Waits until so many have gone, or for the time that there is.</summary>
    /// <exception cref="InvalidOperationException">Changes were missed.</exception>
    public async Task UntilAsync(Func<GoneBindings, bool> isEnough, TimeSpan patience, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!isEnough(this) && !_running.IsFaulted && TimeProvider.System.GetElapsedTime(began) < patience)
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        if (_running.IsFaulted) await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}
