using System.Text;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Streams;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.WebUtilities;
using Xunit;

namespace BreakGlass.Gateway.Tests.Streams;

public sealed class LastWordsTests
{
    private const string Exec = "/api/v1/namespaces/payments/pods/web/exec";

    private static readonly Refusal s_why = new(RefusalReasons.Ended, 401, "the grant inc-4711 ended");

    [Theory]
    [InlineData(Exec, "?stdin=true&stdout=true&tty=true", "v5.channel.k8s.io", 1, true)]
    [InlineData(Exec, "?stdout=true&stderr=true", "v4.channel.k8s.io", 2, true)]
    [InlineData("/api/v1/namespaces/payments/pods/web/attach", "?stdout=1&stderr=1", "channel.k8s.io", 2, false)]
    [InlineData(Exec, "?stdin=true", "v5.channel.k8s.io", null, true)]
    [InlineData(Exec, "?stderr=true", "v4.base64.channel.k8s.io", 2, true)]
    [InlineData("/api/v1/namespaces/payments/pods/web/portforward", "?ports=80", "v4.channel.k8s.io", null, false)]
    [InlineData("/api/v1/namespaces/payments/pods/exec/portforward", "?stdout=true", "v4.channel.k8s.io", null, false)]
    [InlineData("/api/v1/namespaces/a/services/b/proxy/exec", "?stdout=true", "v4.channel.k8s.io", null, false)]
    [InlineData(Exec, "?stdout=true", "portforward.k8s.io", null, false)]
    [InlineData(Exec, "?stdout=true", null, null, false)]
    public void They_go_where_clients_read_them(string path, string query, string? protocol, int? line, bool hasStatus)
    {
        var places = LastWords.Places(path, new Microsoft.AspNetCore.Http.QueryCollection(QueryHelpers.ParseQuery(query)), protocol);
        ((int?)places.Line).Should().Be(line);
        places.HasStatus.Should().Be(hasStatus);
    }

    [Fact]
    public void They_are_a_line_for_the_person_and_a_Status_for_the_program()
    {
        var messages = LastWords.Messages(new(2, true, false), s_why);
        messages.Should().HaveCount(2);
        messages[0][0].Should().Be(2);
        Encoding.UTF8.GetString(messages[0].AsSpan(1)).Should().Be("\r\nbreakglass: the grant inc-4711 ended\r\n");
        messages[1][0].Should().Be(3);
        Encoding.UTF8.GetString(messages[1].AsSpan(1)).Should().Contain("\"status\":\"Failure\"").And.Contain("the grant inc-4711 ended");
        Encoding.ASCII.GetString(LastWords.Messages(new(1, false, true), s_why).Single()).Should().StartWith("1DQpicm");
    }

    [Fact]
    public void The_reason_always_fits_into_a_Close_frame()
    {
        LastWords.CloseReason(s_why).Should().Be("breakglass: the grant inc-4711 ended");
        Prop.ForAll(Gen.Elements("a", "é", "→", "\U0001F525", " ").ListOf(150).ToArbitrary(), parts =>
        {
            var reason = LastWords.CloseReason(s_why with { Message = string.Concat(parts) });
            return Encoding.UTF8.GetByteCount(reason) <= LastWords.LongestReason && !reason.Contains('\uFFFD');
        }).QuickCheckThrowOnFailure();
    }
}
