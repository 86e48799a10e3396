using BreakGlass.Gateway.Proxying;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Gateway.Tests.Proxying;

public sealed class TargetRulesTests
{
    [Theory]
    [InlineData("/")]
    [InlineData("/api/v1/namespaces/payments/pods?limit=500&continue=a%2Fb%00")]
    [InlineData("/apis/apps/v1/namespaces/payments/deployments/web...x")]
    [InlineData("/api/v1/namespaces/payments/pods/web/exec?command=sh&command=-c&command=cat%20../x")]
    [InlineData("/api/v1/namespaces/a/services/b:80/proxy/x//y/%7Eme")]
    [InlineData("/api/v1/nodes/%C3%A9")]
    [InlineData("/api/v1/namespaces/..x/pods")]
    public void Paths_of_the_API_are_forwarded(string target)
    {
        TargetRules.Problem("GET", target).Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("api/v1")]
    [InlineData("//other.example/api")]
    [InlineData("https://other.example/api")]
    [InlineData("http://localhost/api")]
    [InlineData("other.example:443")]
    [InlineData("/api/../metrics")]
    [InlineData("/api/./v1")]
    [InlineData("/api/..")]
    [InlineData("/..?x")]
    [InlineData("/api/%2e%2e/metrics")]
    [InlineData("/api/%2E./metrics")]
    [InlineData("/api/.%2e")]
    [InlineData("/api/v1%2fpods")]
    [InlineData("/api/v1%2Fpods")]
    [InlineData("/api\\v1")]
    [InlineData("/api%5cv1")]
    [InlineData("/api/%00")]
    [InlineData("/api/v1%0d%0aX-Remote-User:%20admin")]
    [InlineData("/api/%7f")]
    [InlineData("/api/%")]
    [InlineData("/api/%2")]
    [InlineData("/api/%zz")]
    [InlineData("/api#/../x")]
    [InlineData("/api /x")]
    [InlineData("/api/\u00E9")]
    [InlineData("/api?x=\u0001")]
    public void What_something_may_read_as_another_path_is_refused(string target)
    {
        TargetRules.Problem("GET", target).Should().NotBeNull();
    }

    [Theory]
    [InlineData("CONNECT")]
    [InlineData("TRACE")]
    [InlineData("get")]
    [InlineData("PRI")]
    public void Other_methods_are_refused(string method)
    {
        TargetRules.Problem(method, "/api").Should().NotBeNull();
    }

    [Fact]
    public void No_target_that_is_forwarded_normalises_to_another_path()
    {
        var part = Gen.Elements(
            "/", ".", "..", "%2e", "%2E", "%2f", "%5c", "\\", "%00", "%252e", "api", "v1", "pods", ";", "%", "?", "#", "a=b", "%41", "~", "@", ":", " ",
            "\t", "é");
        Prop.ForAll(part.ListOf().ToArbitrary(), parts =>
        {
            var target = "/" + string.Concat(parts);
            if (TargetRules.Problem("GET", target) is not null) return true;
            var path = target.Split('?')[0];
            var normalised = new Uri("https://server.example" + target).AbsolutePath;
            return Uri.UnescapeDataString(normalised) == Uri.UnescapeDataString(path)
                && Uri.UnescapeDataString(path).Count(c => c == '/') == path.Count(c => c == '/');
        }).QuickCheckThrowOnFailure();
    }
}
