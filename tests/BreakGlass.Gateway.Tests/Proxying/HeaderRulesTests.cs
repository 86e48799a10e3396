using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Proxying;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace BreakGlass.Gateway.Tests.Proxying;

public sealed class HeaderRulesTests
{
    private static readonly IReadOnlySet<string> s_none = new HashSet<string>();

    [Theory]
    [InlineData("Authorization")]
    [InlineData("authorization")]
    [InlineData("X-Remote-User")]
    [InlineData("x-remote-group")]
    [InlineData("X-Remote-Extra-Scopes")]
    [InlineData("X_Remote_User")]
    [InlineData("X-Forwarded-For")]
    [InlineData("X-Forwarded-Client-Cert")]
    [InlineData("Forwarded")]
    [InlineData("X-Real-Ip")]
    [InlineData("Audit-ID")]
    [InlineData("Impersonate-User")]
    [InlineData("impersonate-extra-scopes")]
    [InlineData("Impersonate_User")]
    [InlineData("Connection")]
    [InlineData("Keep-Alive")]
    [InlineData("Proxy-Authorization")]
    [InlineData("TE")]
    [InlineData("Trailer")]
    [InlineData("Transfer-Encoding")]
    [InlineData("Upgrade")]
    [InlineData("Host")]
    [InlineData("Content-Length")]
    [InlineData(":authority")]
    public void These_do_not_pass(string name)
    {
        HeaderRules.Passes(name, s_none, mayImpersonate: false).Should().BeFalse();
    }

    [Theory]
    [InlineData("Accept")]
    [InlineData("Accept-Encoding")]
    [InlineData("Content-Type")]
    [InlineData("User-Agent")]
    [InlineData("Kubectl-Command")]
    [InlineData("If-None-Match")]
    [InlineData("X-Stream-Protocol-Version")]
    [InlineData("Traceparent")]
    public void These_pass(string name)
    {
        HeaderRules.Passes(name, s_none, mayImpersonate: false).Should().BeTrue();
        HeaderRules.Passes(name, HeaderRules.Named([$"close, {name}"]), mayImpersonate: false).Should().BeFalse("the Connection header names it");
    }

    [Fact]
    public void Impersonation_is_refused_unless_the_policy_allows_it()
    {
        KeyValuePair<string, StringValues>[] headers = [new("Impersonate-User", "admin")];
        HeaderRules.Problem(headers, true, "payments-oncall", mayImpersonate: false).Should().BeEquivalentTo(
            new { Code = 403, Reason = RefusalReasons.Impersonation }).And.Match<Refusal>(r => r.Message.Contains("payments-oncall"));
        HeaderRules.Problem(headers, true, "payments-oncall", mayImpersonate: true).Should().BeNull();
        HeaderRules.Passes("Impersonate-User", s_none, mayImpersonate: true).Should().BeTrue();
    }

    [Fact]
    public void Several_values_of_an_impersonation_header_are_refused_because_they_would_be_joined()
    {
        HeaderRules.Problem([new("Impersonate-Group", new StringValues(["a", "b"]))], true, "p", mayImpersonate: true)!.Code.Should().Be(400);
    }

    [Theory]
    [InlineData("a\r\nX-Remote-User: admin")]
    [InlineData("a\0b")]
    [InlineData("a\u007F")]
    [InlineData("a\u001Fb")]
    public void Control_characters_are_refused(string value)
    {
        HeaderRules.Problem([new("X-Any", value)], true, "p", mayImpersonate: false)!.Code.Should().Be(400);
        HeaderRules.Problem([new("X-Any", "a\tb é")], true, "p", mayImpersonate: false).Should().BeNull();
    }

    [Fact]
    public void A_message_with_two_framings_is_refused()
    {
        KeyValuePair<string, StringValues>[] both = [new("Transfer-Encoding", "chunked"), new("X-Content-Length", "4")];
        HeaderRules.Problem(both, isHttp1: true, "p", mayImpersonate: false)!.Code.Should().Be(400);
    }

    [Theory]
    [InlineData("Connection")]
    [InlineData("keep-alive")]
    [InlineData("Proxy-Connection")]
    [InlineData("transfer-encoding")]
    [InlineData("upgrade")]
    public void A_header_of_HTTP_1_in_a_message_of_HTTP_2_is_refused(string name)
    {
        HeaderRules.Problem([new(name, "chunked")], isHttp1: false, "p", mayImpersonate: false)!.Code.Should().Be(400);
        HeaderRules.Problem([new(name, "chunked")], isHttp1: true, "p", mayImpersonate: false).Should().BeNull();
    }

    [Fact]
    public void Tokens_in_WebSocket_subprotocols_do_not_pass()
    {
        HeaderRules.Protocols(["v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.dG9rZW4",
            "BASE64URL.bearer.authorization.k8s.io.eA,v4.channel.k8s.io"])
            .Should().Equal("v5.channel.k8s.io", "v4.channel.k8s.io");
    }

    [Fact]
    public void No_combination_of_headers_lets_an_identity_through()
    {
        string[] words =
        [
            "Authorization", "Impersonate-User", "X-Remote-User", "X-Forwarded-For", "Forwarded", "Audit-Id", "Accept", "Connection", "X-Real-Ip",
        ];
        var name = from word in Gen.Elements(words)
                   from upper in Gen.ListOf(Gen.Elements(true, false), word.Length)
                   from underscore in Gen.Elements(true, false)
                   let cased = string.Concat(word.Zip(upper, (c, up) => up ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c)))
                   select underscore ? cased.Replace('-', '_') : cased;
        Prop.ForAll(name.ListOf().ToArbitrary(), name.ListOf().ToArbitrary(), (names, named) =>
        {
            var ofConnection = HeaderRules.Named([string.Join(',', named)]);
            var passed = names.Where(n => HeaderRules.Passes(n, ofConnection, mayImpersonate: false));
            return passed.All(n => n.Equals("Accept", StringComparison.OrdinalIgnoreCase));
        }).QuickCheckThrowOnFailure();
    }
}
