using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Soak.Site;

/// <summary>
/// Passes TCP connections on to the first of some ports of this machine that takes them: what a Service does, for the API server that calls the webhooks, and
/// what a network does between a replica and the API server, until it swallows everything of one connection without ending it.
/// </summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<IReadOnlyList<int>> _backends;
    private readonly ConcurrentDictionary<int, bool> _silent = new();
    private readonly Task _accepting;
    private int _turn;

    public Relay(Func<IReadOnlyList<int>> backends)
    {
        _backends = backends;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Nothing of a connection comes through any more in either direction. It is named by the port from which the relay calls the backend.</summary>
    public void Silence(int from) => _silent[from] = true;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = PassAsync(client);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var backend = await ConnectAsync();
                if (backend is null) return;
                var from = ((IPEndPoint)backend.Client.LocalEndPoint!).Port;
                client.NoDelay = backend.NoDelay = true;
                using var ends = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                await Task.WhenAny(PumpAsync(client, backend, from, ends.Token), PumpAsync(backend, client, from, ends.Token));
                await ends.CancelAsync();
                _silent.TryRemove(from, out _);
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
            {
                // Either side is gone.
            }
        }
    }

    private async Task<TcpClient?> ConnectAsync()
    {
        var ports = _backends();
        var first = Interlocked.Increment(ref _turn);
        for (var i = 0; i < ports.Count; i++)
        {
            var backend = new TcpClient();
            try
            {
                await backend.ConnectAsync(IPAddress.Loopback, ports[(int)((uint)(first + i) % (uint)ports.Count)], _stop.Token);
                return backend;
            }
            catch (SocketException)
            {
                backend.Dispose();
            }
        }

        return null;
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, int name, CancellationToken cancellationToken)
    {
        var buffer = new byte[32 * 1024];
        for (int read; (read = await from.GetStream().ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (!_silent.ContainsKey(name)) await to.GetStream().WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }
}
