using System.Net;
using System.Net.Http.Headers;
using BreakGlass.Gateway;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace Integration.Gateway;

/// <summary>A gateway in this process before the same API server, so that a test can set its clock and keep the API server's word from it.</summary>
internal sealed class OwnGateway : IAsyncDisposable
{
    // On a busy machine, a client must get to say and to read all.
    private static readonly GatewayLimits s_limits = new()
    {
        LastWords = Eventually.Limit, Answer = Eventually.Limit, BreakOff = TimeSpan.FromSeconds(10), Headers = Eventually.Limit, BodyRate = null,
    };

    private readonly CancellationTokenSource _stop = new();
    private readonly GatewayMetrics _metrics = new("test");
    private readonly KubeClient _client;
    private readonly GatewayServer _server;
    private Task _running = Task.CompletedTask;

    private OwnGateway(AttackedGateway stage, TimeSpan stalenessLimit)
    {
        var connection = ClusterConnection.FromKubeconfig(stage.GatewayKubeconfig);
        Line = new(Transport(connection), connection.Token!);
        _client = new(Line, connection.Server, TimeProvider.System);
        _server = new(
            _client, Transport(connection), connection.Server,
            new(IPAddress.Loopback, 0, stage.CertificateDirectory, stalenessLimit) { Limits = s_limits }, SteadyClock.Following(_client, Clock), _metrics,
            NullLogger.Instance);
    }

    private static HttpMessageHandler Transport(ClusterConnection connection) =>
        ForwardingTransport.Create(connection, TimeProvider.System, new() { ConnectTimeout = Eventually.Limit });

    /// <summary>The clock of its node.</summary>
    public WallClock Clock { get; } = new();

    /// <summary>What it hears of the API server.</summary>
    public ApiLine Line { get; }

    /// <summary>Where it is.</summary>
    public Uri Address => new($"https://localhost:{_server.Port}");

    /// <summary>How many requests and streams are open.</summary>
    public int OpenRequests => _server.OpenRequests;

    public static async Task<OwnGateway> StartAsync(AttackedGateway stage, TimeSpan? stalenessLimit = null)
    {
        var gateway = new OwnGateway(stage, stalenessLimit ?? TimeSpan.FromSeconds(10));
        await gateway._server.StartAsync(CancellationToken.None);
        gateway._running = gateway._server.RunAsync(gateway._stop.Token);
        await gateway._server.WaitForSyncAsync(CancellationToken.None);
        return gateway;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        using (var now = new CancellationTokenSource(TimeSpan.FromSeconds(1), TimeProvider.System)) await _server.StopAsync(now.Token);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _server.DisposeAsync();
        _client.Dispose();
        Line.Dispose();
        _metrics.Dispose();
        _stop.Dispose();
    }

    /// <summary>A clock that can be set, as that of a node; time passes on it as it does.</summary>
    public sealed class WallClock : TimeProvider
    {
        private long _offBy;

        /// <summary>By how much it is ahead.</summary>
        public TimeSpan OffBy
        {
            get => TimeSpan.FromTicks(Volatile.Read(ref _offBy));
            set => Volatile.Write(ref _offBy, value.Ticks);
        }

        /// <inheritdoc/>
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + OffBy;
    }

    /// <summary>The gateway's own line to the API server.</summary>
    public sealed class ApiLine(HttpMessageHandler inner, string token) : DelegatingHandler(inner)
    {
        /// <summary>Watches stay open and bring nothing more.</summary>
        public bool WatchesAreDead { get; set; }

        /// <summary>No request is answered, and watches bring nothing more.</summary>
        public bool IsCut { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (IsCut) throw new HttpRequestException("cut by the test");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var answer = await base.SendAsync(request, cancellationToken);
            if (request.RequestUri?.Query.Contains("watch=", StringComparison.Ordinal) is not true) return answer;
            var content = new StreamContent(new DeadStream(await answer.Content.ReadAsStreamAsync(cancellationToken), () => WatchesAreDead || IsCut));
            foreach (var (name, values) in answer.Content.Headers) content.Headers.TryAddWithoutValidation(name, values);
            answer.Content = content;
            return answer;
        }
    }

    /// <summary>A stream that brings nothing more once it is dead, and gives no sign of it.</summary>
    private sealed class DeadStream(Stream inner, Func<bool> isDead) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            if (isDead()) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
