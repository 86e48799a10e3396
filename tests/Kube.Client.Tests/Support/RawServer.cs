using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kube.Client.Tests;

/// <summary>Plain HTTP/1.1 on a bare socket, for what no proper server does. The function gets each request's head and the open socket.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, NetworkStream, Socket, Task> _answer;
    private readonly Task _accepting;
    private int _requests;

    public RawServer(Func<string, NetworkStream, Socket, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public int Requests => _requests;

    public KubeClient NewClient(KubeClientOptions? options = null, TimeProvider? time = null) =>
        new(new ClusterConnection { Server = Address }, time ?? TimeProvider.System, options ?? Within.Patience);

    public static async Task SendAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text));

    public static Task SendJsonAsync(NetworkStream stream, string json) =>
        SendAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    /// <summary>Ends the connection as a crash does: RST, not FIN.</summary>
    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptSocketAsync()));
                open.RemoveAll(task => task.IsCompletedSuccessfully);
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // Stopped: while it waited, or before it began to.
        }

        await Within.SafetyAsync(Task.WhenAll(open), "the clients to hang up");
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                await using var stream = new NetworkStream(socket, ownsSocket: false);
                while (await ReadRequestAsync(stream) is { } head)
                {
                    Interlocked.Increment(ref _requests);
                    await _answer(head, stream, socket);
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // the test or the client closed it
            }
        }
    }

    private static async Task<string?> ReadRequestAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0) return null;
            text.Append((char)one[0]);
        }

        var head = text.ToString();
        const string Length = "Content-Length: ";
        var at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        if (at >= 0)
        {
            var length = int.Parse(
                head[(at + Length.Length)..head.IndexOf("\r\n", at, StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);
            await stream.ReadExactlyAsync(new byte[length]);
        }

        return head;
    }
}
