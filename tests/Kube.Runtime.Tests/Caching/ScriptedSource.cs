using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using k8s.Models;
using Kube.Client;
using TestKit;

namespace Kube.Runtime.Tests.Caching;

/// <summary>An API server of one collection whose every answer is given by the test.</summary>
internal sealed class ScriptedSource
{
    private readonly Channel<ListCall> _lists = Channel.CreateUnbounded<ListCall>();
    private readonly Channel<WatchCall> _watches = Channel.CreateUnbounded<WatchCall>();

    public ReflectorSource<V1Namespace> Source => new(ListAsync, WatchAsync);

    public async Task<ListCall> NextList() => await _lists.Reader.ReadAsync().AsTask().Soon("a list");

    public async Task<WatchCall> NextWatch() => await _watches.Reader.ReadAsync().AsTask().Soon("a watch");

    /// <summary>Nobody has asked for anything that the test has not taken.</summary>
    public bool IsQuiet => _lists.Reader.Count == 0 && _watches.Reader.Count == 0;

    public static KubeApiException Error(HttpStatusCode code, string reason, string? cause = null) => new(new Status
    {
        Code = (int)code,
        Reason = reason,
        Message = reason,
        Details = cause is null ? null : new() { Causes = [new() { Reason = cause }] },
    });

    public static KubeApiException Gone => Error(HttpStatusCode.Gone, "Expired");

    public static KubeApiException TooLarge => Error(HttpStatusCode.GatewayTimeout, "Timeout", "ResourceVersionTooLarge");

    public static KubeApiException TooMany => Error(HttpStatusCode.TooManyRequests, "TooManyRequests");

    public static KubeConnectionException Broken(ConnectionFailure how) => new(how.ToString(), how, mayHaveHappened: false);

    private async Task<KubeList<V1Namespace>> ListAsync(string version, CancellationToken cancellationToken)
    {
        var call = new ListCall(version);
        _lists.Writer.TryWrite(call);
        return await call.Answer.Task.WaitAsync(cancellationToken);
    }

    private async IAsyncEnumerable<WatchEvent<V1Namespace>> WatchAsync(
        string version, TimeSpan timeout, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var call = new WatchCall(version, timeout);
        _watches.Writer.TryWrite(call);
        await foreach (var e in call.Events.Reader.ReadAllAsync(cancellationToken)) yield return e;
    }

    internal sealed record ListCall(string Version)
    {
        public TaskCompletionSource<KubeList<V1Namespace>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Return(int version, params V1Namespace[] items) => Answer.SetResult(Objects.ListAt(version, items));

        public void Fail(Exception e) => Answer.SetException(e);
    }

    internal sealed record WatchCall(string Version, TimeSpan Timeout)
    {
        public Channel<WatchEvent<V1Namespace>> Events { get; } = Channel.CreateUnbounded<WatchEvent<V1Namespace>>();

        public void Added(V1Namespace ns) => Send(WatchEventType.Added, ns);

        public void Modified(V1Namespace ns) => Send(WatchEventType.Modified, ns);

        public void Deleted(V1Namespace ns) => Send(WatchEventType.Deleted, ns);

        public void Bookmark(int version) => Send(WatchEventType.Bookmark, Objects.Ns("", version));

        public void End() => Events.Writer.Complete();

        public void Fail(Exception e) => Events.Writer.Complete(e);

        private void Send(WatchEventType type, V1Namespace ns) => Events.Writer.TryWrite(new(type, ns));
    }
}
