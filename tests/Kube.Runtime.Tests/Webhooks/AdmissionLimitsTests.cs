using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Webhooks;

public class AdmissionLimitsTests
{
    private readonly FakeClock _clock = new();

    [Fact]
    public async Task An_object_over_the_limit_is_refused_with_a_sentence_before_the_rest_of_it_is_read()
    {
        var read = new MemoryStream(Encoding.UTF8.GetBytes(Review(3_000_000, 0)));

        var answer = await SendAsync(Endpoint(new() { MaxObjectBytes = 512 * 1024 }), read);

        answer["response"]!["uid"]!.GetValue<string>().Should().Be("u-1");
        answer["response"]!["allowed"]!.GetValue<bool>().Should().BeFalse();
        answer["response"]!["status"]!["code"]!.GetValue<int>().Should().Be(413);
        answer["response"]!["status"]!["message"]!.GetValue<string>().Should().Contain("larger than 512 KiB");
        read.Position.Should().BeLessThan(700_000);
    }

    [Fact]
    public async Task A_large_object_that_is_stored_already_keeps_nobody_from_changing_it()
    {
        var answer = await SendAsync(Endpoint(new() { MaxObjectBytes = 512 * 1024 }), new MemoryStream(Encoding.UTF8.GetBytes(Review(1000, 1_500_000))));
        answer["response"]!["allowed"]!.GetValue<bool>().Should().BeTrue();
    }

    // Somebody filled a grant up to the limit; setting spec.revoke, which makes it a little larger, was refused to everybody.
    [Theory]
    [InlineData("UPDATE", true)]
    [InlineData("CREATE", false)]
    public async Task A_change_may_be_larger_than_what_is_created(string operation, bool allowed)
    {
        var many = string.Join(',', Enumerable.Repeat("1", 60_000));
        var review = $$$"""
            {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1","operation":"{{{operation}}}","userInfo":{"username":"alice"},
            "object":{"a":"{{{new string('x', 600_000)}}}","b":[{{{many}}}]},"oldObject":{} } }
            """;
        var answer = await SendAsync(Endpoint(new() { MaxObjectBytes = 512 * 1024, MaxTokens = 40_000 }), new MemoryStream(Encoding.UTF8.GetBytes(review)));
        answer["response"]!["allowed"]!.GetValue<bool>().Should().Be(allowed);
    }

    [Fact]
    public async Task A_caller_with_a_very_long_identity_is_not_refused_for_it()
    {
        var review = $$$"""
            {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1","operation":"CREATE",
            "userInfo":{"username":"alice","extra":{"k":["{{{new string('x', 900_000)}}}"]}},"object":{"a":1} } }
            """;
        var answer = await SendAsync(Endpoint(new() { MaxObjectBytes = 512 * 1024 }), new MemoryStream(Encoding.UTF8.GetBytes(review)));
        answer["response"]!["allowed"]!.GetValue<bool>().Should().BeTrue();
    }

    [Fact]
    public async Task A_short_text_of_very_many_values_is_refused()
    {
        var review = $$$"""
            {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1","operation":"CREATE","userInfo":{"username":"alice"},
            "object":{"a":[{{{string.Join(',', Enumerable.Repeat("1", 50_000))}}}] } } }
            """;
        var answer = await SendAsync(Endpoint(new() { MaxTokens = 40_000 }), new MemoryStream(Encoding.UTF8.GetBytes(review)));
        answer["response"]!["status"]!["message"]!.GetValue<string>().Should().Contain("too many values");
    }

    [Fact]
    public async Task Who_has_to_clean_up_is_not_bound()
    {
        var endpoint = Endpoint(new() { MaxObjectBytes = 512 * 1024, IsExempt = user => user == "alice" });
        var answer = await SendAsync(endpoint, new MemoryStream(Encoding.UTF8.GetBytes(Review(3_000_000, 0))));
        answer["response"]!["allowed"]!.GetValue<bool>().Should().BeTrue();
    }

    [Fact]
    public async Task Without_memory_left_the_refusal_says_to_try_again_and_hardly_anything_is_read()
    {
        var budget = new MemoryBudget(1000, _clock);
        var rooms = new List<MemoryBudget.Room?>();
        for (var i = 0; i < 2; i++) rooms.Add(await budget.TakeAsync(250, default));
        var read = new MemoryStream(Encoding.UTF8.GetBytes(Review(400_000, 0)));

        var sent = SendAsync(Endpoint(new() { Budget = budget }), read);
        _clock.Advance(MemoryBudget.WaitLimit);
        var answer = await sent;

        answer["response"]!["uid"]!.GetValue<string>().Should().Be("u-1");
        answer["response"]!["status"]!["code"]!.GetValue<int>().Should().Be(429);
        answer["response"]!["status"]!["message"]!.GetValue<string>().Should().Contain("Try again");
        read.Position.Should().BeLessThan(10_000);
        rooms.ForEach(room => room!.Dispose());
        budget.Taken.Should().Be(0);
    }

    [Theory]
    [InlineData(
        """{"request":{"uid":"u","userInfo":{"username":"a","uid":"x"},"object":{"uid":"y","userInfo":{"username":"b"}},"oldObject":{}}}""", "u", "a", 41)]
    [InlineData("""{"request":{"uid":"u","object":{"a":"unfinis""", "u", null, 14)]
    [InlineData("""{"other":{"uid":"no","object":{}},"request":{"uid":"u","object":null}}""", "u", null, 5)]
    [InlineData("""nonsense""", null, null, 0)]
    [InlineData("", null, null, 0)]
    public void A_review_is_looked_through_as_far_as_it_goes(string text, string? uid, string? user, int objectBytes)
    {
        var seen = ReviewScan.Of(Encoding.UTF8.GetBytes(text));
        (seen.Uid, seen.Username).Should().Be((uid, user));
        seen.ObjectBytes.Should().BeInRange(objectBytes - 1, objectBytes + 3);
    }

    private static string Review(int objectBytes, int oldBytes) =>
        $$$"""
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1","operation":"{{{(oldBytes == 0 ? "CREATE" : "UPDATE")}}}",
        "userInfo":{"username":"alice"},"object":{"a":"{{{new string('x', objectBytes)}}}"},"oldObject":{"a":"{{{new string('y', oldBytes)}}}"} } }
        """;

    private AdmissionEndpoint Endpoint(AdmissionLimits limits) =>
        new("/mutate", (_, _) => ValueTask.FromResult(AdmissionAnswer.Allow()), _clock, NullLogger.Instance, limits);

    private static async Task<JsonNode> SendAsync(AdmissionEndpoint endpoint, Stream body)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = body.Length;
        context.Request.Body = body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        await endpoint.ServeAsync(context).WaitAsync(Eventually.Limit);
        return JsonNode.Parse(answer.ToArray())!;
    }

}
