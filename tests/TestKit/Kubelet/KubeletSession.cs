namespace TestKit.Kubelet;

/// <summary>A request that holds a connection to the test kubelet open: exec, attach, portForward, or a log.</summary>
public sealed class KubeletSession
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Signal _changed;
    private int _connections;

    internal KubeletSession(string kind, string pod, string container, string protocol, IReadOnlyList<string> command, Signal changed)
    {
        (Kind, Pod, Container, Protocol, Command, _changed) = (kind, pod, container, protocol, command, changed);
    }

    /// <summary>As in the path of the request: <c>exec</c>, <c>attach</c>, <c>portForward</c> or <c>containerLogs</c>.</summary>
    public string Kind { get; }

    /// <summary>The pod, as <c>namespace/name</c>.</summary>
    public string Pod { get; }

    /// <summary>The container; empty for portForward.</summary>
    public string Container { get; }

    /// <summary>How the streams are carried, for example <c>SPDY/3.1 v4.channel.k8s.io</c> or <c>WebSocket v4.channel.k8s.io</c>.</summary>
    public string Protocol { get; }

    /// <summary>The command of an exec.</summary>
    public IReadOnlyList<string> Command { get; }

    /// <summary>The process of an exec; 0 before it has started.</summary>
    public int ProcessId { get; private set; }

    /// <summary>The forwarded connections that are open.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Ends when the client has gone or the work is done, and all processes and connections of the session are closed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether it has not ended.</summary>
    public bool IsOpen => !_ended.Task.IsCompleted;

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Pod} {Container} [{string.Join(' ', Command)}] {Protocol}, {(IsOpen ? "open" : "ended")}";

    internal void Runs(int process)
    {
        ProcessId = process;
        _changed.Raise();
    }

    internal void CountConnections(int change)
    {
        Interlocked.Add(ref _connections, change);
        _changed.Raise();
    }

    internal void End()
    {
        _ended.TrySetResult();
        _changed.Raise();
    }
}
