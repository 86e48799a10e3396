using System.Net;
using FluentAssertions;
using k8s;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

public class ApiErrorTests
{
    [Theory]
    [InlineData(404, "NotFound", "IsNotFound")]
    [InlineData(409, "AlreadyExists", "IsAlreadyExists")]
    [InlineData(409, "Conflict", "IsConflict")]
    [InlineData(403, "Forbidden", "IsForbidden")]
    [InlineData(401, "Unauthorized", "IsUnauthorized")]
    [InlineData(422, "Invalid", "IsInvalid")]
    [InlineData(410, "Expired", "IsGone")]
    [InlineData(410, "Gone", "IsGone")]
    [InlineData(429, "TooManyRequests", "IsTooManyRequests")]
    [InlineData(500, "InternalError", "IsServerError")]
    public async Task Each_reason_is_its_own_and_no_other(int code, string reason, string only)
    {
        using var handler = new StubHandler(_ => StubHandler.Status(code, reason, "because"));
        var act = () => handler.NewClient(options: new() { MaxTries = 1 }).GetAsync<V1Namespace>("x", null, default);

        var error = (await act.Should().ThrowAsync<KubeApiException>()).Which;

        var flags = new Dictionary<string, bool>
        {
            ["IsNotFound"] = error.IsNotFound,
            ["IsAlreadyExists"] = error.IsAlreadyExists,
            ["IsConflict"] = error.IsConflict,
            ["IsForbidden"] = error.IsForbidden,
            ["IsUnauthorized"] = error.IsUnauthorized,
            ["IsInvalid"] = error.IsInvalid,
            ["IsGone"] = error.IsGone,
            ["IsTooManyRequests"] = error.IsTooManyRequests,
            ["IsServerError"] = error.IsServerError,
            ["IsResourceVersionTooLarge"] = error.IsResourceVersionTooLarge,
        };
        flags.Where(f => f.Value).Select(f => f.Key).Should().Equal(only);
        error.Status.Message.Should().Be("because");
    }

    [Fact]
    public async Task A_403_says_what_was_asked_what_the_server_says_and_what_to_do()
    {
        const string Message = "roles.rbac.authorization.k8s.io is forbidden: User 'bob' cannot list resource 'roles' in API group "
            + "'rbac.authorization.k8s.io' at the cluster scope";
        using var handler = new StubHandler(_ => StubHandler.Status(403, "Forbidden", Message));
        var act = () => handler.NewClient().ListAsync<V1Role>(new() { LabelSelector = "x" }, default);

        (await act.Should().ThrowAsync<KubeApiException>())
            .WithMessage($"GET /apis/rbac.authorization.k8s.io/v1/roles: {Message} (403 Forbidden). To allow this, bind a role*");
        handler.Requests.Should().HaveCount(1);
    }

    [Fact]
    public async Task A_proxys_error_page_becomes_an_error_that_names_the_code_and_shows_no_page()
    {
        using var handler = new StubHandler(_ => new(HttpStatusCode.BadGateway) { Content = new StringContent("<html>secret=abc</html>", null, "text/html") });
        var act = () => handler.NewClient().GetAsync<V1Namespace>("x", null, default);
        var error = (await act.Should().ThrowAsync<KubeApiException>()).Which;
        error.Code.Should().Be(HttpStatusCode.BadGateway);
        error.Message.Should().Contain("not a Kubernetes Status").And.NotContain("abc");
    }

    [Fact]
    public void Both_forms_of_Retry_After_and_the_details_are_understood()
    {
        new KubeApiException(new Status { Code = 429, Details = new() { RetryAfterSeconds = 3 } }).RetryAfter.Should().Be(TimeSpan.FromSeconds(3));
        new KubeApiException(new Status { Code = 429, Details = new() { RetryAfterSeconds = 3 } }, retryAfter: TimeSpan.FromSeconds(1)).RetryAfter
            .Should().Be(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_Retry_After_with_a_date_is_counted_by_the_servers_clock()
    {
        using var handler = new StubHandler(_ =>
        {
            var response = StubHandler.Status(429, "TooManyRequests");
            response.Headers.Date = new DateTimeOffset(2001, 1, 1, 0, 0, 0, TimeSpan.Zero);
            response.Headers.RetryAfter = new(new DateTimeOffset(2001, 1, 1, 0, 0, 7, TimeSpan.Zero));
            return response;
        });
        var act = () => handler.NewClient(options: new() { MaxTries = 1 }).GetAsync<V1Namespace>("x", null, default);
        (await act.Should().ThrowAsync<KubeApiException>()).Which.RetryAfter.Should().Be(TimeSpan.FromSeconds(7));
    }
}
