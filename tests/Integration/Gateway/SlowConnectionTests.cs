using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace Integration.Gateway;

/// <summary>Thousands of connections that send slowly or nothing, to the gateway as a process of its own.</summary>
[Collection(nameof(OneAttackedGateway))]
public sealed partial class SlowConnectionTests(AttackedGateway stage, ITestOutputHelper output)
{
    /// <summary>Files that this process and the gateway have open besides these connections.</summary>
    private const int OtherFiles = 2_000;

    private const int Connections = 10_000;

    /// <summary>Those that complete the TLS handshake and send a request line, byte by byte; a handshake costs both sides a millisecond.</summary>
    private const int Handshakes = 400;

    [OpenFilesFact(Least = Connections + OtherFiles)]
    public async Task Ten_thousand_slow_connections_keep_out_no_client_and_take_little_memory()
    {
        using var scene = new GatewayScene(stage);
        var id = await stage.Gateway.ProcessId;
        var before = await ResidentAsync(id);
        using var good = scene.Client(stage.Certificate, version: 1);
        good.DefaultRequestHeaders.ConnectionClose = true; // each request shows its certificate on a connection of its own
        var sockets = new List<Socket>();
        try
        {
            var (answered, largest) = (0, before);
            for (var i = 0; i < Connections; i++)
            {
                sockets.Add(await OpenAsync());
                if (i < Handshakes) await BeginRequestAsync(sockets[^1]);
                else await TrySendAsync(sockets[^1], 0x16);
                if (i % 1000 != 999) continue;
                answered += await AsksAsync(good);
                largest = Math.Max(largest, await ResidentAsync(id));
            }

            // Each of them sends another byte, as long as the gateway takes it.
            foreach (var socket in sockets) await TrySendAsync(socket, 0x03);
            answered += await AsksAsync(good);
            largest = Math.Max(largest, await ResidentAsync(id));
            var files = Directory.GetFiles($"/proc/{id}/fd").Length;
            output.WriteLine(
                $"a good client was answered {answered} times; the gateway took {largest >> 20} MiB, {before >> 20} MiB before, and has {files} files open");
            answered.Should().Be((Connections / 1000) + 1);
            files.Should().BeLessThan(OtherFiles, "500 connections without a grant are the most");
            largest.Should().BeLessThan(before + (256L << 20));
        }
        finally
        {
            foreach (var socket in sockets) socket.Dispose();
        }
    }

    private async Task<int> AsksAsync(HttpClient good, bool again = true)
    {
        try
        {
            using var answer = await good.GetAsync($"/api/v1/namespaces/{stage.Mine.Namespace}/configmaps/checkout");
            return answer.StatusCode == HttpStatusCode.OK ? 1 : 0;
        }
        catch (HttpRequestException) when (again)
        {
            // It was slow itself, on a busy machine, and the gateway took it for one of the others. A client asks once more.
            return await AsksAsync(good, again: false);
        }
    }

    /// <summary>From another address than that of the good client, as in a network.</summary>
    private async Task<Socket> OpenAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await socket.ConnectAsync(IPAddress.Loopback, stage.Address.Port);
        return socket;
    }

    private static async Task BeginRequestAsync(Socket socket)
    {
        var stream = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: true);
        try
        {
#pragma warning disable CA5359 // this client does not care whom it reaches
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            });
#pragma warning restore CA5359
            await stream.WriteAsync(Encoding.ASCII.GetBytes("GET /api"));
        }
        catch (IOException)
        {
            // Closed by the gateway.
        }
    }

    private static async Task TrySendAsync(Socket socket, byte value)
    {
        try
        {
            await socket.SendAsync((byte[])[value]);
        }
        catch (SocketException)
        {
            // Closed by the gateway.
        }
    }

    private static async Task<long> ResidentAsync(int process) =>
        long.Parse(Resident().Match(await File.ReadAllTextAsync($"/proc/{process}/status")).Groups["kB"].Value, CultureInfo.InvariantCulture) * 1024;

    [GeneratedRegex("VmRSS:\\s+(?<kB>\\d+) kB", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Resident();
}
