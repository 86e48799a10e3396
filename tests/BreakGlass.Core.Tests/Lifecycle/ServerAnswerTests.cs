using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s;
using Kube.Client;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>One table over all that an API server, a webhook, a policy, a quota or a proxy may answer.</summary>
public sealed class ServerAnswerTests
{
    private const string Denied = "admission webhook \"check.example.com\" denied the request: no";

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(409)]
    [InlineData(413)]
    [InlineData(418)]
    [InlineData(422)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(599)]
    public void A_webhook_that_denies_is_final_and_named_whatever_its_code(int code)
    {
        var answer = ServerAnswer.Of(code, new() { Code = code, Message = Denied });
        answer.Should().Match<ServerAnswer>(a => a.Class == AnswerClass.Final && a.Reason == "AdmissionDenied" && a.Who.Contains("check.example.com"));
        answer.ToString().Should().Contain(Denied).And.NotContain("allow-list");
    }

    [Theory]
    [InlineData(500, "Internal error occurred: failed calling webhook \"check.example.com\": Post \"https://x.y.svc:443/v?timeout=10s\": dial tcp: "
        + "connection refused")]
    [InlineData(500,
        "Internal error occurred: failed calling webhook \"check.example.com\": failed to call webhook: the server could not find the requested resource")]
    [InlineData(504, "Timeout: failed calling webhook \"check.example.com\": context deadline exceeded")]
    public void A_webhook_that_does_not_answer_is_tried_again_and_named(int code, string message) => ServerAnswer
        .Of(code, new() { Code = code, Message = message })
        .Should().Match<ServerAnswer>(
        a => a.Class == AnswerClass.Retry && a.Reason == "WebhookUnavailable" && a.Who.Contains("check.example.com") && a.Next.Contains("check.example.com"));

    [Theory]
    [InlineData(403, "rolebindings.rbac.authorization.k8s.io \"x\" is forbidden: exceeded quota: rbac, requested: count/rolebindings=1, used: 5, limited: 5",
        "QuotaExceeded", "ResourceQuota 'rbac'")]
    [InlineData(403, "rolebindings.rbac.authorization.k8s.io \"x\" is forbidden: user \"op\" (groups=[]) is attempting to grant RBAC permissions not "
        + "currently held:\n{}", "EscalationRefused", "allow-list")]
    [InlineData(403, "rolebindings \"x\" is forbidden: unable to create new content in namespace shop because it is being terminated", "NamespaceTerminating",
        "being deleted")]
    [InlineData(422, "rolebindings.rbac.authorization.k8s.io \"x\" is forbidden: ValidatingAdmissionPolicy 'no-bindings' with binding 'all' denied "
        + "request: no", "AdmissionDenied", "ValidatingAdmissionPolicy 'no-bindings'")]
    [InlineData(403, "rolebindings is forbidden: User \"op\" cannot create resource", "Forbidden", "config/rbac")]
    [InlineData(422, "RoleBinding \"x\" is invalid", "Invalid", "policy")]
    public void The_advice_follows_the_cause(int code, string message, string reason, string says)
    {
        var answer = ServerAnswer.Of(code, new() { Code = code, Message = message });
        (answer.Class, answer.Reason).Should().Be((AnswerClass.Final, reason));
        answer.ToString().Should().Contain(says);
        if (reason != "EscalationRefused") answer.Next.Should().NotContain("allow-list");
    }

    [Theory]
    [InlineData("clusterroles", AnswerClass.Retry, "RoleNotFound")]
    [InlineData("roles", AnswerClass.Retry, "RoleNotFound")]
    [InlineData("namespaces", AnswerClass.Final, "NamespaceMissing")]
    [InlineData("", AnswerClass.Retry, "ServerError")]
    public void What_is_not_found_is_told_apart(string kind, AnswerClass expected, string reason)
    {
        var answer = ServerAnswer.Of(404, new() { Code = 404, Message = "not found", Details = new() { Kind = kind } });
        (answer.Class, answer.Reason).Should().Be((expected, reason));
    }

    [Fact]
    public void Every_code_that_there_is_or_is_not_has_its_class_reason_and_advice()
    {
        foreach (var code in Enumerable.Range(0, 1000))
        {
            foreach (var message in new[] { null, "", "no", new string('x', 100_000), new string('x', 299) + "\ud83d\ude00\ud83d\ude00" })
            {
                var answer = ServerAnswer.Of(code, new() { Code = code, Message = message });
                FailureReasons.All.Should().Contain(answer.Reason);
                answer.Said.Length.Should().BeInRange(1, 330);
                answer.Next.Should().NotBeEmpty();
                if (code is 401 or 404 or 408 or 409 or 425 or 429 or < 400 or >= 500) answer.Class.Should().Be(AnswerClass.Retry, "{0} may pass", code);
                else answer.Class.Should().Be(AnswerClass.Final, "{0} would be answered again", code);
            }
        }
    }
}
