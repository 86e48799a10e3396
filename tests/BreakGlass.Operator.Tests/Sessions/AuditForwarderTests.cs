using System.Net;
using System.Net.Security;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Sessions;
using FluentAssertions;
using Kube.Runtime;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Sessions;

public sealed class AuditForwarderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("forward-").FullName;

    private string Log => Path.Combine(_directory, "audit.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_line_that_is_refused_holds_up_no_other_and_a_restart_sends_nothing_twice()
    {
        await File.WriteAllTextAsync(Log, "a\nbad\nc\n");
        (await RunAsync(4, body => body.Contains("bad", StringComparison.Ordinal) ? HttpStatusCode.BadRequest : HttpStatusCode.OK))
            .Should().Equal("a\nbad\nc\n", "a\n", "bad\n", "c\n");

        await File.AppendAllTextAsync(Log, "d\n");
        (await RunAsync(1, _ => HttpStatusCode.OK)).Should().Equal("d\n");
    }

    [Fact]
    public async Task What_was_not_answered_is_sent_again_after_a_restart()
    {
        await File.WriteAllTextAsync(Log, "a\n");
        (await RunAsync(1, _ => HttpStatusCode.ServiceUnavailable)).Should().Equal("a\n");
        (await RunAsync(1, _ => HttpStatusCode.OK)).Should().Equal("a\n");
    }

    [Fact]
    public async Task The_name_in_the_certificate_can_be_another_than_that_of_the_address()
    {
        const string Name = "breakglass-operator-webhook.breakglass-system.svc";
        var managed = ManagedCertificates.New([Name], TimeProvider.System.GetUtcNow());
        var authority = Path.Combine(_directory, "ca.crt");
        await File.WriteAllTextAsync(authority, managed.Bundle);
        using var leaf = managed.Leaf.Open();
        var served = SslStreamCertificateContext.Create(leaf, null, offline: true);
        var paths = new Dictionary<string, RequestDelegate> { ["/audit"] = _ => Task.CompletedTask };
        await using var server = new WebhookServer(IPAddress.Loopback, 0, () => served, [], NullLogger.Instance, others: paths);
        await server.StartAsync(default);
        var address = new Uri($"https://127.0.0.1:{server.Port}/audit");

        using var named = AuditForwarder.Client(authority, Name);
        using (var answer = await named.PostAsync(address, null)) answer.StatusCode.Should().Be(HttpStatusCode.OK);
        using var unnamed = AuditForwarder.Client(authority, null);
        await unnamed.Invoking(http => http.PostAsync(address, null)).Should().ThrowAsync<HttpRequestException>();
    }

    /// <summary>Runs a forwarder until it has posted so often and rests, and gives the bodies.</summary>
    private async Task<IReadOnlyList<string>> RunAsync(int posts, Func<string, HttpStatusCode> answer)
    {
        var clock = new FakeClock();
        using var stop = new CancellationTokenSource();
        using var operatorsEnd = new OperatorsEnd(answer);
        using var http = new HttpClient(operatorsEnd);
        var running = new AuditForwarder(new(Log, AuditForwarder.MostBytes), Path.Combine(_directory, "position"), http, new("https://operator.example/audit"),
            () => "token", clock, NullLogger.Instance).RunAsync(stop.Token);
        await clock.WhenTimerArmed();
        await stop.CancelAsync();
        await running;
        operatorsEnd.Bodies.Should().HaveCount(posts);
        return operatorsEnd.Bodies;
    }

    private sealed class OperatorsEnd(Func<string, HttpStatusCode> answer) : HttpMessageHandler
    {
        public List<string> Bodies { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization!.ToString().Should().Be("Bearer token");
            Bodies.Add(await request.Content!.ReadAsStringAsync(cancellationToken));
            return new(answer(Bodies[^1]));
        }
    }
}
