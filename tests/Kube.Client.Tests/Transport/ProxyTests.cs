using FluentAssertions;
using Kube.Model;
using Xunit;

namespace Kube.Client.Tests;

public class ProxyTests
{
    private static readonly KubeClientOptions Once = new() { MaxTries = 1 };

    [Fact]
    public async Task A_proxy_that_refuses_is_named_without_the_password_that_it_was_given()
    {
        await using var proxy = new RawServer((_, stream, _) => RawServer.SendAsync(stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
        var connection = new ClusterConnection
        {
            Server = new Uri("https://api.test:6443"),
            Proxy = new Uri($"http://robot:hunter2@127.0.0.1:{proxy.Address.Port}"),
        };
        using var client = new KubeClient(connection, TimeProvider.System, Once);

        var act = () => Within.SafetyAsync(client.GetAsync<Namespace>("x", null, default), "the refusal");

        var error = (await act.Should().ThrowAsync<KubeConnectionException>()).Which;
        error.Failure.Should().Be(ConnectionFailure.Proxy);
        error.Message.Should().Contain("403");
        error.ToString().Should().Contain($"127.0.0.1:{proxy.Address.Port}").And.NotContainAny("hunter2", "robot");
    }

    [Theory]
    [InlineData("http://robot:hunter2@proxy.test:3128/")]
    [InlineData("http://robot:hunter2@x@proxy.test:3128/")]
    [InlineData("http://hunter2@proxy.test:3128/")]
    public void The_password_of_a_proxy_of_the_environment_is_not_shown_either(string address)
    {
        var e = new HttpRequestException(HttpRequestError.ProxyTunnelError, $"The proxy tunnel request to proxy '{address}' failed with status code '407'.");
        var error = ConnectionErrors.From(e, new Request("get", HttpMethod.Get, new Uri("https://api.test/api")), new Uri("https://api.test"));
        error.ToString().Should().Contain("'http://proxy.test:3128/'").And.Contain("407").And.NotContainAny("hunter2", "robot");
    }
}
