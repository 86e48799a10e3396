using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TestKit.Kubelet.Spdy;

namespace TestKit.Kubelet;

/// <summary>
/// Port-forwarding over SPDY: for each connection the client opens two streams that name the port and an id, one for the data and one for an error.
/// </summary>
internal sealed class PortForwarding(TestPod pod, KubeletSession session)
{
    private readonly Dictionary<string, (SpdyStream? Data, SpdyStream? Error)> _waiting = new(StringComparer.Ordinal);
    private readonly List<Task> _connections = [];

    /// <summary>Serves the connections until the client has gone.</summary>
    public async Task RunAsync(SpdyConnection connection)
    {
        await foreach (var stream in connection.Accepted.ReadAllAsync())
        {
            var id = stream.Headers.GetValueOrDefault("requestid", "");
            var isData = stream.Headers.GetValueOrDefault("streamtype") == "data";
            var (data, error) = _waiting.GetValueOrDefault(id);
            (data, error) = isData ? (stream, error) : (data, stream);
            _waiting[id] = (data, error);
            if (data is null || error is null) continue;
            _waiting.Remove(id);
            _connections.Add(ForwardAsync(data, error));
        }

        await Task.WhenAll(_connections);
    }

    private async Task ForwardAsync(SpdyStream data, SpdyStream error)
    {
        session.CountConnections(1);
        try
        {
            var port = int.Parse(data.Headers["port"], CultureInfo.InvariantCulture);
            if (await ConnectAsync(port) is { } socket)
            {
                using (socket) await RelayAsync(data, socket);
            }
            else
            {
                await error.WriteAsync(Encoding.UTF8.GetBytes(
                    $"error forwarding port {port} to pod {pod.Name}, uid {pod.Uid}: failed to connect to localhost:{port}: connection refused"));
            }

            await data.Input.CompleteAsync();
            await error.Input.CompleteAsync();
            await data.CloseAsync();
            await error.CloseAsync();
        }
        finally
        {
            session.CountConnections(-1);
        }
    }

    private async Task<Socket?> ConnectAsync(int port)
    {
        if (pod.LocalPort(port) is not { } local) return null;
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, local);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private static async Task RelayAsync(SpdyStream client, Socket socket)
    {
        using var server = new NetworkStream(socket, ownsSocket: false);
        var down = DownAsync();
        var up = client.Input.CopyAsync(server);

        // A client that sends nothing more may still read. When the server has closed, it is over: kubectl waits for the error stream's end first.
        if (await Task.WhenAny(up, down) == down) client.Input.CancelPendingRead();
        await up;
        if (client.IsReset) socket.Close();
        else if (socket.Connected) socket.Shutdown(SocketShutdown.Send);
        await down;

        async Task DownAsync()
        {
            await server.CopyAsync(data => client.WriteAsync(data));
            await client.CloseAsync();
        }
    }
}
