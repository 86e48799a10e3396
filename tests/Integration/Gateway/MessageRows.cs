using System.Globalization;
using System.Text;
using FluentAssertions;

namespace Integration.Gateway;

/// <summary>Attacks with messages that no client sends: smuggled requests, other targets, other protocols, too much of something.</summary>
internal static class MessageRows
{
    private const string Who = "The holder of a grant";

    public static IReadOnlyList<GatewayRow> All { get; } =
    [
        Raw("smuggles a request by both framings, the length first", s => Post(s, "Content-Length: 5\r\nTransfer-Encoding: chunked") + "0\r\n\r\n" + Get(s)),
        Raw("smuggles a request by both framings, the encoding first", s => Post(s, "Transfer-Encoding: chunked\r\nContent-Length: 3") + "0\r\n\r\n" + Get(s)),
        Raw("smuggles a request by two lengths", s => Post(s, "Content-Length: 0\r\nContent-Length: 90") + Get(s)),
        Raw("smuggles a request by two lengths in one header", s => Post(s, "Content-Length: 0, 90") + Get(s)),
        Raw("smuggles a request by an encoding that is none", s => Post(s, "Transfer-Encoding: xchunked") + "0\r\n\r\n" + Get(s)),
        Raw("smuggles a request by an encoding after another one", s => Post(s, "Transfer-Encoding: chunked, identity") + "0\r\n\r\n" + Get(s)),
        Raw("smuggles an encoding in a folded header", s => Post(s, "X-A: b\r\n Transfer-Encoding: chunked") + "0\r\n\r\n" + Get(s)),
        Raw("smuggles a request by a space before a colon", s => Post(s, "Content-Length : 90") + Get(s)),
        Raw("injects a header after a carriage return", s => Line(s.Target, "X-A: b\rX-Remote-User: admin")),
        Raw("injects a header after a zero byte", s => Line(s.Target, "X-A: b\0X-Remote-User: admin")),
        Raw("asks for another path by dots", s => Line($"/api/v1/../../metrics?{s.Id}")),
        Raw("asks for another path by encoded dots", s => Line($"/api/v1/%2e%2e/%2E%2e/metrics?{s.Id}")),
        Raw("asks for another path by encoded slashes", s => Line($"/api/v1/namespaces/default%2fsecrets?{s.Id}")),
        Raw("asks for another path by a backslash", s => Line($"/api/v1\\..\\..\\metrics?{s.Id}")),
        Raw("asks for another server by an absolute target", s => Line($"https://kubernetes.default.svc{s.Target}")),
        Raw("asks for another server by a target without a scheme", s => Line($"//kubernetes.default.svc{s.Target}")),
        Raw("asks for a tunnel with CONNECT", s => $"CONNECT kubernetes.default.svc:443?{s.Id} HTTP/1.1\r\nHost: kubernetes.default.svc:443\r\n\r\n"),
        Raw("asks for a tunnel with CONNECT to a path", s => $"CONNECT {s.Target} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        Raw("asks for the whole server with an asterisk", s => $"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nX-A: {s.Id}\r\nUser-Agent: {s.Id}\r\n\r\n"),
        Raw("sends a method that Kubernetes does not have", s => $"TRACE {s.Target} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        Raw("upgrades to cleartext HTTP/2", s =>
            Line(s.Target, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__")),
        Raw("upgrades to a protocol of their own", s => Line(s.Target, "Connection: Upgrade\r\nUpgrade: tunnel/1")),
        Raw("upgrades to WebSocket without a key", s => Line(s.Target, "Connection: Upgrade\r\nUpgrade: websocket")),
        new(Who, "sends a megabyte of headers", async s =>
        {
            var lines = string.Concat(Enumerable.Range(0, 64).Select(i => $"X-{i.ToString(CultureInfo.InvariantCulture)}: {new string('a', 16_000)}\r\n"));
            var answer = await s.ExchangeAsync($"GET {s.Target} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
            if (answer.Length > 0) answer.Should().StartWith("HTTP/1.1 431", "a client that goes on to write may read a reset instead");
            await s.NothingPassedAsync();
        }),
        new(Who, "cuts a chunk short and lets another request follow", async s =>
        {
            var collection = $"/api/v1/namespaces/{s.Stage.Mine.Namespace}/configmaps";
            var answer = await s.ExchangeAsync(
                $"POST {collection} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n{Get(s)}");
            answer.Should().StartWith("HTTP/1.1 400");
            Answers(answer).Should().Be(1);
            await s.NothingPassedAsync();
        }),
        new(Who, "writes HTTP/2 frames as a client does, which shows that the next rows are understood", async s =>
        {
            (await Http2Async(s, Http2Frames.Request(false, [.. Pseudo(s)]))).Should().Be(Http2Frames.Headers);
            await s.PassedAsTheGrantAsync();
        }),
        Frames("sends a Connection header in HTTP/2", s => Http2Frames.Request(false, [.. Pseudo(s), ("connection", "close, x-remote-user")])),
        Frames("sends Transfer-Encoding in HTTP/2", s =>
            [.. Http2Frames.Request(true, [.. Pseudo(s, "POST"), ("transfer-encoding", "chunked")]), .. Http2Frames.Body("0\r\n\r\n" + Get(s))]),
        Frames("sends Upgrade in HTTP/2", s => Http2Frames.Request(false, [.. Pseudo(s), ("upgrade", "websocket")])),
        Frames("injects a header by a line break in an HTTP/2 header", s =>
            Http2Frames.Request(false, [.. Pseudo(s), ("x-a", "b\r\nImpersonate-User: admin\r\nx-b: c")])),
        Frames("injects a request by a line break in the path of HTTP/2", s =>
            Http2Frames.Request(false, [.. Pseudo(s, path: $"{s.Target} HTTP/1.1\r\nHost: localhost\r\n\r\nGET /metrics")])),
        Frames("sends a header name in capitals in HTTP/2", s => Http2Frames.Request(false, [.. Pseudo(s), ("Impersonate-User", "admin")])),
        Frames("sends two paths in HTTP/2", s => Http2Frames.Request(false, [.. Pseudo(s), (":path", "/metrics")])),
        Frames("asks for a WebSocket over HTTP/2", s => Http2Frames.Request(true, [.. Pseudo(s, "CONNECT"), (":protocol", "websocket")])),
        new(Who, "announces a shorter body in HTTP/2 than comes, so that the rest is taken for a request", async s =>
        {
            var target = $"/api/v1/namespaces/{s.Stage.Mine.Namespace}/configmaps?dryRun=All";
            await Http2Async(s,
            [
                .. Http2Frames.Request(true, [.. Pseudo(s, "POST", target), ("content-length", "2"), ("content-type", "application/json")]),
                .. Http2Frames.Body("{}" + Get(s)),
            ]);
            await s.NothingPassedAsync();
        }),
        new(Who, "keeps an HTTP/2 connection after the grant was revoked, and gets GOAWAY", async s =>
        {
            var (incident, connection) = await s.Stage.OpenAsync();
            await using var stream = await s.ConnectAsync(s.Stage.CertificateOf(connection), "h2");
            using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
            var watch = $"/api/v1/namespaces/{incident.Namespace}/configmaps?watch=true&resourceVersion=0";
            await stream.WriteAsync((byte[])[.. Http2Frames.Preface, .. Http2Frames.Request(false, [.. Pseudo(s, path: watch)])], limit.Token);
            await stream.FlushAsync(limit.Token);
            (await Http2Frames.AnswerAsync(stream, limit.Token)).Should().Be(Http2Frames.Headers);

            await incident.RevokeAsync();

            (await Http2Frames.GoesAwayAsync(stream, limit.Token)).Should().BeTrue("the client then opens no request on this connection");
        }),
        new(Who, "sends a body that never ends, and the grant is revoked", async s =>
        {
            var (incident, connection) = await s.Stage.OpenAsync();
            await using var stream = await s.ConnectAsync(s.Stage.CertificateOf(connection));
            var manifest = $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{s.Id}}}"},"data":{"a":"b"}}""";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /api/v1/namespaces/{incident.Namespace}/configmaps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + $"Transfer-Encoding: chunked\r\n\r\n{Chunk(manifest)}"));
            await stream.FlushAsync();
            await Eventually.TrueAsync(
                async () => (await s.Stage.Gateway.MetricsAsync())["breakglass_operator_gateway_connections"] >= 1, expected: "an open request");

            await incident.RevokeAsync();

            var answer = await StreamRows.RestAsync(stream, keepsSending: Chunk(new string(' ', 500)));
            if (answer.Length > 0) answer.Should().StartWith("HTTP/1.1 401").And.Contain($"the grant {incident.Grant}");
            (await s.Stage.Cluster.AdminAsync("get", "configmaps", "-n", incident.Namespace, "-o", "name")).Should().NotContain(s.Id);
        }),
    ];

    private static string Chunk(string text) => $"{text.Length.ToString("x", CultureInfo.InvariantCulture)}\r\n{text}\r\n";

    private static string Post(GatewayScene scene, string headers) => $"POST {scene.Target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n";

    private static string Get(GatewayScene scene) => Line(scene.Target, "Connection: close");

    private static string Line(string target, string? header = null) =>
        $"GET {target} HTTP/1.1\r\nHost: localhost\r\n{(header is null ? "" : $"{header}\r\n")}\r\n";

    private static int Answers(string text) => text.Split('\n').Count(line => line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal));

    private static GatewayRow Raw(string does, Func<GatewayScene, string> message) => new(Who, does, async s =>
    {
        var answer = await s.ExchangeAsync(message(s));
        answer.Should().MatchRegex("^HTTP/1.1 (400|405|501)");
        Answers(answer).Should().Be(1, "there is one answer to what the gateway takes for one request");
        await s.NothingPassedAsync();
    });

    private static GatewayRow Frames(string does, Func<GatewayScene, byte[]> message) => new(Who, does, async s =>
    {
        await Http2Async(s, message(s));
        await s.NothingPassedAsync();
    });

    private static (string, string)[] Pseudo(GatewayScene scene, string method = "GET", string? path = null) =>
        [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path ?? scene.Target)];

    private static async Task<byte> Http2Async(GatewayScene scene, byte[] frames)
    {
        await using var stream = await scene.ConnectAsync(scene.Stage.Certificate, "h2");
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        await stream.WriteAsync((byte[])[.. Http2Frames.Preface, .. frames], limit.Token);
        await stream.FlushAsync(limit.Token);
        return await Http2Frames.AnswerAsync(stream, limit.Token);
    }
}
