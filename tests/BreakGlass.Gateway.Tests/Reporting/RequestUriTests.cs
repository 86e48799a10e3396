using BreakGlass.Gateway.Proxying;
using BreakGlass.Gateway.Reporting;
using BreakGlass.Gateway.Streams;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Reporting;

public sealed class RequestUriTests
{
    [Theory]
    [InlineData("GET", "/api/v1/pods", "/api/v1/pods")]
    [InlineData("GET", "/api/v1/pods?limit=500&watch=1&labelSelector=a%3Db", "/api/v1/pods?limit=500&watch=1&labelSelector=a%3Db")]
    [InlineData("DELETE", "/api/v1/namespaces/a/pods/b?gracePeriodSeconds=0&access_token=x", "/api/v1/namespaces/a/pods/b?gracePeriodSeconds=0")]
    [InlineData("GET", "/api/v1/namespaces/a/pods/b/exec?command=cat&command=x&token=y&tty=1&%63ontainer=c",
        "/api/v1/namespaces/a/pods/b/exec?command=cat&command=x&tty=1&%63ontainer=c")]
    [InlineData("GET", "/api/v1/namespaces/a/pods/b/log?follow=true&tailLines=3&q=x", "/api/v1/namespaces/a/pods/b/log?follow=true&tailLines=3")]
    [InlineData("POST", "/api/v1/namespaces/a/pods/b/portforward?ports=80&x=y", "/api/v1/namespaces/a/pods/b/portforward?ports=80")]
    [InlineData("GET", "/api/v1/namespaces/a/services/b:80/proxy/login?watch=1&password=x", "/api/v1/namespaces/a/services/b:80/proxy/login")]
    [InlineData("GET", "/healthz?verbose=1&exclude=x", "/healthz")]
    [InlineData("GET", "/api/v1/pods?", "/api/v1/pods")]
    public void Of_a_query_only_what_Kubernetes_defines_stays(string method, string target, string recorded) =>
        RequestUri.Of(target, RequestAttributes.Read(method, target), 4096).Should().Be(recorded);

    [Fact]
    public void A_long_one_is_cut() => RequestUri.Of($"/{new string('x', 5000)}", RequestAttributes.Read("GET", "/"), 4096).Should().HaveLength(4096);

    [Fact]
    public void Pings_of_SPDY_are_told_from_everything_else()
    {
        byte[] ping = [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1];
        KeepAlives.Is(ping).Should().BeTrue();
        KeepAlives.Is([.. ping, .. ping]).Should().BeTrue();
        KeepAlives.Is([]).Should().BeFalse();
        KeepAlives.Is([.. ping, 1]).Should().BeFalse();
        KeepAlives.Is([0x80, 3, 0, 7, 0, 0, 0, 4, 0, 0, 0, 1]).Should().BeFalse("that is a GOAWAY");
        KeepAlives.Is("\0twelve byte"u8).Should().BeFalse();
    }

    [Fact]
    public void Recording_fails_after_ten_seconds_without_success_or_with_a_loss_until_it_works_again()
    {
        var clock = new FakeClock();
        var health = new RecordingHealth(clock);
        clock.Advance(TimeSpan.FromSeconds(10));
        health.IsFailing.Should().BeFalse();
        clock.Advance(TimeSpan.FromMilliseconds(1));
        health.IsFailing.Should().BeTrue();
        health.Works();
        health.IsFailing.Should().BeFalse();
        health.Loses();
        health.IsFailing.Should().BeTrue();
        health.Works();
        health.IsFailing.Should().BeFalse();
    }
}
