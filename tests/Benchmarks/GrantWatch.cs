using System.Collections.Concurrent;
using BreakGlass.Core.Api;
using Kube.Client;

namespace Benchmarks;

/// <summary>When a grant's stages were seen by a watch, as timestamps of the TimeProvider.</summary>
internal sealed class GrantWatch : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(120);

    private readonly ConcurrentDictionary<string, Stages> _grants = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private GrantWatch(KubeClient client, string version) =>
        _running = Follow.RunAsync<BreakGlassGrant>(client, null, version,
            change =>
            {
                if (change.Type is not WatchEventType.Deleted) Note(change.Object, TimeProvider.System.GetTimestamp());
            },
            all =>
            {
                Progress.Say("changes of grants were missed: some times are seen too long");
                foreach (var grant in all) Note(grant, TimeProvider.System.GetTimestamp());
            },
            _stop.Token);

    /// <summary>Follows all grants from now on.</summary>
    public static async Task<GrantWatch> StartAsync(KubeClient client, CancellationToken cancellationToken) =>
        new(client, await Follow.NowAsync<BreakGlassGrant>(client, cancellationToken));

    /// <summary>When the status Active was seen.</summary>
    /// <exception cref="InvalidOperationException">The grant was denied or failed.</exception>
    public Task<(long At, BreakGlassGrant Grant)> ActiveAsync(string name, CancellationToken cancellationToken) =>
        WithinPatienceAsync(Of(name).Active.Task, $"grant {name} to become Active", cancellationToken);

    /// <summary>When it was seen that the grant ends: revoked by a person, or ended by the operator.</summary>
    public Task<(long At, BreakGlassGrant Grant)> OverAsync(string name, CancellationToken cancellationToken) =>
        WithinPatienceAsync(Of(name).Over.Task, $"grant {name} to end", cancellationToken);

    /// <summary>When the grant was seen over, and proven to be.</summary>
    public Task<(long At, BreakGlassGrant Grant)> ProvenAsync(string name, CancellationToken cancellationToken) =>
        WithinPatienceAsync(Of(name).Proven.Task, $"grant {name} to be proven revoked", cancellationToken);

    /// <summary>When the grant was seen over, proven, and let go.</summary>
    public Task<(long At, BreakGlassGrant Grant)> SettledAsync(string name, CancellationToken cancellationToken) =>
        WithinPatienceAsync(Of(name).Settled.Task, $"grant {name} to be proven revoked and without finalizer", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private Stages Of(string name) => _grants.GetOrAdd(name, _ => new());

    private static async Task<T> WithinPatienceAsync<T>(Task<T> task, string what, CancellationToken cancellationToken)
    {
        try
        {
            return await task.WaitAsync(Timeout, TimeProvider.System, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Expected {what} within {Timeout.TotalSeconds:0} s.", e);
        }
    }

    private void Note(BreakGlassGrant grant, long at)
    {
        var stages = Of(grant.Metadata.Name);
        var status = grant.Status;
        if (status.Phase is GrantPhase.Active) stages.Active.TrySetResult((at, grant));
        else if (status.Phase is GrantPhase.Denied or GrantPhase.Failed)
        {
            stages.Active.TrySetException(new InvalidOperationException(
                $"Grant {grant.Metadata.Name} is {status.Phase}: {string.Join("; ", status.Conditions.Select(c => c.Message))}"));
        }

        if (grant.Spec.Revoke is not null || status.EndReason is not null) stages.Over.TrySetResult((at, grant));
        if (status.EndedAt is null || !status.Conditions.Any(c => c is { Type: "Revoked", Status: "True" })) return;
        stages.Proven.TrySetResult((at, grant));
        if (grant.FinalizersOrEmpty.Count == 0) stages.Settled.TrySetResult((at, grant));
    }

    private sealed record Stages
    {
        public TaskCompletionSource<(long At, BreakGlassGrant Grant)> Active { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<(long At, BreakGlassGrant Grant)> Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<(long At, BreakGlassGrant Grant)> Proven { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<(long At, BreakGlassGrant Grant)> Settled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
