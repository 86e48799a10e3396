using System.Text;
using System.Text.Json;
using BreakGlass.Core;
using BreakGlass.Operator.Leftovers;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Leftovers;

/// <summary>What <c>/authorize</c> says to an API server, and to anybody else who reaches the port.</summary>
public sealed class AuthorizeEndpointTests
{
    private const string Grant = "system:serviceaccount:breakglass-grants:inc-4711-0123456789";

    private readonly AuthorizeEndpoint _endpoint = new(new CoreSettings(), (identity, _) => ValueTask.FromResult(identity == "allowed"), NullLogger.Instance);

    [Theory]
    [InlineData("impersonate", "users")]
    [InlineData("impersonate", "serviceaccounts")]
    [InlineData("impersonate:user-info", "users")]
    [InlineData("impersonate-on:user-info:list", "pods")]
    public async Task A_grant_is_denied_to_act_as_somebody_else(string verb, string resource)
    {
        var answer = await DecideAsync(Grant, verb, resource);
        (answer.Allowed, answer.Denied).Should().Be((false, true));
        answer.Reason.Should().Contain("'impersonate' in spec.allowPersistence");
    }

    [Theory]
    [InlineData(Grant, "get")]
    [InlineData("alice", "impersonate")]
    [InlineData("system:serviceaccount:breakglass-grants:allowed", "impersonate")]
    [InlineData("system:serviceaccount:kube-system:breakglass-grants", "impersonate")]
    [InlineData("system:serviceaccount:breakglass-grants-two:x", "impersonate")]
    public async Task Of_everything_else_it_has_no_opinion(string user, string verb)
    {
        var answer = await DecideAsync(user, verb, "users");
        (answer.Allowed, answer.Denied ?? false).Should().Be((false, false));
    }

    [Fact]
    public async Task Where_it_cannot_tell_a_grant_acts_as_nobody_else()
    {
        var endpoint = new AuthorizeEndpoint(new CoreSettings(),
            (_, _) => throw new KubeConnectionException("no route", ConnectionFailure.TimedOut, mayHaveHappened: false), NullLogger.Instance);
        (await endpoint.DecideAsync(Question(Grant, "impersonate", "users"), default)).Denied.Should().BeTrue();
    }

    [Fact]
    public async Task A_question_is_answered_over_HTTP()
    {
        var review = new V1SubjectAccessReview { Spec = Question(Grant, "impersonate", "users") };
        var (code, answer) = await SendAsync("POST", JsonSerializer.SerializeToUtf8Bytes(review, KubeModels.Json<V1SubjectAccessReview>()));
        code.Should().Be(200);
        JsonSerializer.Deserialize(answer, KubeModels.Json<V1SubjectAccessReview>())!.Status!.Denied.Should().BeTrue();
    }

    [Theory]
    [InlineData("GET", "{}")]
    [InlineData("POST", "")]
    [InlineData("POST", "not json")]
    [InlineData("POST", "null")]
    [InlineData("POST", """{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{}}""")]
    [InlineData("POST", """{"apiVersion":"authorization.k8s.io/v1beta1","kind":"SubjectAccessReview","spec":{}}""")]
    public async Task What_is_not_a_question_is_not_answered(string method, string body)
    {
        var (code, answer) = await SendAsync(method, Encoding.UTF8.GetBytes(body));
        code.Should().Be(400);
        answer.Should().BeEmpty();
    }

    [Fact]
    public async Task A_question_without_a_spec_is_answered_without_an_opinion()
    {
        var (code, answer) = await SendAsync("POST", """{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview"}"""u8.ToArray());
        code.Should().Be(200);
        JsonSerializer.Deserialize(answer, KubeModels.Json<V1SubjectAccessReview>())!.Status!.Denied.Should().NotBe(true);
    }

    // The path needs no secret, so that anybody who reached the port could take the process' memory by it.
    [Fact]
    public async Task Strangers_take_no_memory_by_it()
    {
        (await SendAsync("POST", new byte[AuthorizeEndpoint.MostBytes + 1])).Code.Should().Be(400);
        (await SendAsync("POST", new byte[AuthorizeEndpoint.MostBytes + 1], withLength: false)).Code.Should().Be(400);

        var ends = new TaskCompletionSource();
        var slow = Enumerable.Range(0, AuthorizeEndpoint.MostAtOnce).Select(_ => SendAsync("POST", new Endless(ends.Task), null)).ToList();
        (await SendAsync("POST", "{}"u8.ToArray())).Code.Should().Be(429);
        ends.SetResult();
        (await Task.WhenAll(slow)).Should().OnlyContain(answer => answer.Code == 400);
        var review = new V1SubjectAccessReview { Spec = Question(Grant, "impersonate", "users") };
        (await SendAsync("POST", JsonSerializer.SerializeToUtf8Bytes(review, KubeModels.Json<V1SubjectAccessReview>()))).Code.Should().Be(200);
    }

    private static V1SubjectAccessReviewSpec Question(string user, string verb, string resource) =>
        new() { User = user, ResourceAttributes = new() { Verb = verb, Resource = resource, Name = "bob" } };

    private ValueTask<V1SubjectAccessReviewStatus> DecideAsync(string user, string verb, string resource) =>
        _endpoint.DecideAsync(Question(user, verb, resource), default);

    private Task<(int Code, byte[] Answer)> SendAsync(string method, byte[] body, bool withLength = true) =>
        SendAsync(method, new MemoryStream(body), withLength ? body.Length : null);

    private async Task<(int Code, byte[] Answer)> SendAsync(string method, Stream body, long? length)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = length;
        context.Request.Body = body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        await _endpoint.ServeAsync(context).WaitAsync(Eventually.Limit);
        return (context.Response.StatusCode, answer.ToArray());
    }

    /// <summary>A body that does not come before its time, and then holds nothing.</summary>
    private sealed class Endless(Task until) : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await until;
            return 0;
        }
    }
}
