using System.Text;
using BreakGlass.Gateway.Recording;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Recording;

/// <summary>Which requests are recorded, and which are refused because they could not be.</summary>
public sealed class RecordingRulesTests
{
    private const string Pod = "/api/v1/namespaces/payments/pods/web";

    [Theory]
    [InlineData($"{Pod}/exec", "?command=sh&command=-c&command=ls%20%26%0Aid&container=tools", "exec -n payments web -c tools -- sh -c ls & id")]
    [InlineData($"{Pod}/exec/", "", "exec -n payments web")]
    [InlineData($"//api//v1/namespaces/payments/pods/web/exec//", "", "exec -n payments web")]
    [InlineData($"{Pod}/attach", "?container=", "attach -n payments web")]
    [InlineData($"{Pod}/portforward", "", null)]
    [InlineData($"{Pod}/log", "", null)]
    [InlineData($"{Pod}/proxy/exec", "", null)]
    [InlineData("/api/v1/namespaces/payments/services/web/exec", "", null)]
    [InlineData("/apis/payments/v1/namespaces/payments/pods/web/exec", "", null)]
    [InlineData(null, "", null)]
    public void Exec_and_attach_of_pods_are_known_by_their_paths(string? path, string query, string? text) =>
        PodStream.Of(path, query.TrimStart('?'))?.ToString().Should().Be(text);

    [Theory]
    [InlineData("CONTAINER=app&Command=uptime&container=vault&command=sh", "exec -n payments web -c vault -- sh", false)]
    [InlineData("comm%61nd=sh&stdin=true", "exec -n payments web -- sh", true)]
    [InlineData("command=a;b&command=sh", "exec -n payments web -- sh", false)]
    [InlineData("command=%zz&command=sh", "exec -n payments web -- sh", false)]
    [InlineData("command=sh&stdin=true&stdout=true&stderr=false&tty=true&container=c&&", "exec -n payments web -c c -- sh", true)]
    [InlineData("command=sh&command", "exec -n payments web -- sh ", true)]
    [InlineData("command=sh&x=1", "exec -n payments web -- sh", false)]
    public void The_command_that_the_API_server_reads_is_recorded_and_what_others_could_read_otherwise_is_refused(string query, string text, bool passes)
    {
        var stream = PodStream.Of($"{Pod}/exec", query)!;
        stream.ToString().Should().Be(text);
        RecordingRules.Problem($"{Pod}/exec", stream, "websocket", ["v5.channel.k8s.io"])?.Message.Should().Be(
            passes ? null : RecordingRules.OtherParameters);
        stream.IsUnambiguous.Should().Be(passes);
    }

    [Fact]
    public void The_text_is_short()
    {
        var text = PodStream.Of($"{Pod}/exec", "command=" + new string('€', 2000))!.ToString();
        Encoding.UTF8.GetByteCount(text).Should().BeInRange(1000, 1024);
        text.Should().EndWith("€…");
    }

    [Theory]
    [InlineData($"{Pod}/exec", "SPDY/3.1", "", RecordingRules.ClientUsesSpdy)]
    [InlineData($"{Pod}/attach/", "SPDY/3.1", "", RecordingRules.ClientUsesSpdy)]
    [InlineData($"{Pod}/exec", "websocket", "SPDY/3.1+portforward.k8s.io", RecordingRules.OtherProtocol)]
    [InlineData($"{Pod}/exec", "websocket", "v6.channel.k8s.io,v5.channel.k8s.io", null)]
    [InlineData($"{Pod}/exec", "websocket", "base64.channel.k8s.io", null)]
    [InlineData($"{Pod}/exec", "websocket", "", null)]
    [InlineData($"{Pod}/exec", null, "", null)]
    [InlineData($"{Pod}/portforward", "SPDY/3.1", "", null)]
    [InlineData($"{Pod}/portforward", "websocket", "SPDY/3.1+portforward.k8s.io", null)]
    [InlineData("/api/v1/nodes/node-1/proxy/exec/payments/web/tools", "SPDY/3.1", "", RecordingRules.NodeProxy)]
    [InlineData("/api/v1/nodes/node-1/proxy//run/payments/web/tools", null, "", RecordingRules.NodeProxy)]
    [InlineData("/api/v1/nodes/https:node-1:10250/proxy/cri/exec/abc", "websocket", "v4.channel.k8s.io", RecordingRules.NodeProxy)]
    [InlineData("/api/v1/nodes/node-1/proxy/metrics", null, "", null)]
    public void What_could_not_be_recorded_is_refused(string path, string? upgrade, string offered, string? sentence)
    {
        var refusal = RecordingRules.Problem(
            path, PodStream.Of(path, ""), upgrade, offered.Split(',', StringSplitOptions.RemoveEmptyEntries));
        refusal?.Message.Should().Be(sentence);
        (refusal is null).Should().Be(sentence is null);
        if (refusal is not null) refusal.Code.Should().Be(400);
    }

    [Fact]
    public void The_sentence_for_SPDY_names_the_versions_and_the_variable() => RecordingRules.ClientUsesSpdy.Should()
        .Contain("kubectl 1.31").And.Contain("KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true");

    [Theory]
    [InlineData(400, "", 400, RecordingRules.ServerLacksWebSocket)]
    [InlineData(403, "unable to upgrade", 400, RecordingRules.ServerLacksWebSocket)]
    [InlineData(403, "[]", 400, RecordingRules.ServerLacksWebSocket)]
    [InlineData(403, """{"kind":"Status","message":"pods \"web\" is forbidden"}""", 403, "pods \"web\" is forbidden")]
    public void After_a_WebSocket_that_the_API_server_refused_the_sentence_is_about_the_API_server(int code, string body, int answer, string message)
    {
        var clock = new FakeClock();
        var refused = new RefusedWebSockets(clock);
        refused.Add("inc-4711", $"{Pod}/exec", code, Encoding.UTF8.GetBytes(body));
        refused.Find("inc-4712", $"{Pod}/exec").Should().BeNull();
        refused.Find("inc-4711", $"{Pod}/attach").Should().BeNull();
        var why = refused.Find("inc-4711", $"{Pod}/exec")!;
        (why.Code, why.Message).Should().Be((answer, message));
        refused.Find("inc-4711", $"{Pod}/exec").Should().BeNull("it is about one request");

        refused.Add("inc-4711", $"{Pod}/exec", code, Encoding.UTF8.GetBytes(body));
        clock.Advance(TimeSpan.FromSeconds(11));
        refused.Find("inc-4711", $"{Pod}/exec").Should().BeNull("it was long ago");
    }
}
