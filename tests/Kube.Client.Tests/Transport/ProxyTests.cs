using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

public class ProxyTests
{
    private static readonly KubeClientOptions Once = Within.Patience with { MaxTries = 1 };

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

        var act = () => Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "the refusal");

        var error = (await act.Should().ThrowAsync<KubeConnectionException>()).Which;
        error.Failure.Should().Be(ConnectionFailure.Proxy);
        error.Message.Should().Contain("403");
        error.ToString().Should().Contain($"127.0.0.1:{proxy.Address.Port}").And.NotContainAny("hunter2", "robot");
    }

    [Fact]
    public async Task A_proxy_that_is_not_there_is_named_and_not_taken_for_the_server()
    {
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound and not listening: nobody else can listen there meanwhile
        var port = ((IPEndPoint)reserved.LocalEndPoint!).Port;
        using var client = new KubeClient(
            new ClusterConnection { Server = new Uri("https://api.test:6443"), Proxy = new Uri($"http://robot:hunter2@127.0.0.1:{port}") },
            TimeProvider.System, Once);

        var act = () => Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "the refusal");

        (await act.Should().ThrowAsync<KubeConnectionException>().WithMessage($"*127.0.0.1:{port}*")).Which.ToString().Should().NotContain("hunter2");
    }

    [Theory]
    [InlineData("https://10.96.0.1", "10.0.0.0/8", false)]
    [InlineData("https://10.96.0.1:443/api", ".svc, 172.16.0.0/12 ,10.96.0.0/16", false)]
    [InlineData("https://10.97.0.1", "10.96.0.0/16", true)]
    [InlineData("https://10.96.128.1", "10.96.0.7/17", true)]
    [InlineData("https://10.96.127.1", "10.96.0.7/17", false)]
    [InlineData("https://[fd00:1::1]:443", "fd00::/8", false)]
    [InlineData("https://[fe00::1]", "fd00::/8,10.0.0.0/8", true)]
    [InlineData("https://api.test", "10.0.0.0/8", true)]
    [InlineData("https://10.96.0.1", "10.0.0.0/33,10.0.0.0/-1,/8,x/8,10.0.0.0/", true)]
    [InlineData("https://10.96.0.1", "0.0.0.0/0", false)]
    [InlineData("https://10.96.0.1", null, true)]
    public void An_address_in_a_range_of_NO_PROXY_is_reached_without_the_proxy(string server, string? noProxy, bool throughProxy)
    {
        var proxy = EnvironmentProxy.Of(new WebProxy("http://proxy.test:3128"), noProxy);
        proxy.IsBypassed(new Uri(server)).Should().Be(!throughProxy);
        (proxy.GetProxy(new Uri(server)) is not null).Should().Be(throughProxy);
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
