using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

public class ListTests
{
    [Fact]
    public void A_list_in_pages_equals_the_list_in_one()
    {
        var cases = from total in Gen.Choose(0, 40) from limit in Gen.Choose(1, 45) select (total, limit);
        Prop.ForAll(cases.ToArbitrary(), HoldsAsync).QuickCheckThrowOnFailure();

        static async Task HoldsAsync((int Total, int Limit) c)
        {
            var (total, limit) = c;
            using var paged = new StubHandler(s => Page(s, total));
            using var whole = new StubHandler(s => Page(s, total));
            var inPages = await RunAsync(paged.NewClient().ListAsync<V1Namespace>(new() { Limit = limit }, default));
            var inOne = await RunAsync(whole.NewClient().ListAsync<V1Namespace>(new() { Limit = 0 }, default));
            inPages.Items.Select(i => i.Metadata.Name).Should().Equal(inOne.Items.Select(i => i.Metadata.Name));
            inPages.Metadata.ResourceVersion.Should().Be(inOne.Metadata.ResourceVersion);
            inPages.Metadata.ContinueProperty.Should().BeNullOrEmpty();
            whole.Requests.Should().HaveCount(1);
            paged.Requests.Should().HaveCount(Math.Max(1, (total + limit - 1) / limit));
        }
    }

    [Fact]
    public async Task Each_object_is_made_smaller_as_it_is_read()
    {
        using var handler = new StubHandler(s => Page(s, 10));
        var seen = 0;
        var list = await handler.NewClient().ListAsync<V1Namespace>(new(), n => n with { Metadata = new() { Name = $"{n.Metadata.Name}-{++seen}" } }, default);
        list.Items.Should().HaveCount(10);
        list.Items[9].Metadata.Name.Should().EndWith("-10");
    }

    [Fact]
    public async Task A_continue_token_that_expires_on_the_way_is_answered_with_one_full_list()
    {
        using var handler = new StubHandler(
            s => s.PathAndQuery.Contains("continue=4", StringComparison.Ordinal) ? StubHandler.Status(410, "Expired") : Page(s, 10));

        var list = await handler.NewClient().ListAsync<V1Namespace>(new() { Limit = 2, ResourceVersion = "0", LabelSelector = "a=b" }, default);

        list.Items.Should().HaveCount(10).And.OnlyHaveUniqueItems();
        handler.Requests.Select(r => r.Uri.Query).Should()
            .Equal("?labelSelector=a%3Db&resourceVersion=0&limit=2",
            "?labelSelector=a%3Db&limit=2&continue=2",
            "?labelSelector=a%3Db&limit=2&continue=4",
            "?labelSelector=a%3Db&resourceVersion=0");
    }

    [Fact]
    public async Task A_410_on_the_first_page_is_the_callers()
    {
        using var handler = new StubHandler(_ => StubHandler.Status(410, "Gone"));
        var act = () => handler.NewClient().ListAsync<V1Namespace>(new() { ResourceVersion = "5" }, default);
        (await act.Should().ThrowAsync<KubeApiException>()).Which.IsGone.Should().BeTrue();
        handler.Requests.Should().HaveCount(1);
    }

    [Fact]
    public async Task A_list_not_older_than_a_version_is_not_paged()
    {
        using var handler = new StubHandler(s => Page(s, 3));
        await handler.NewClient().ListAsync<V1Namespace>(new() { ResourceVersion = "5" }, default);
        handler.Requests.Single().Uri.Query.Should().Be("?resourceVersion=5");
    }

    [Theory]
    [InlineData("""{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1}""",
        "Too large resource version: 9, current: 5")]
    [InlineData("{}", "Too large resource version: 9, current: 5")]
    public async Task A_resource_version_that_is_too_large_is_told_at_once(string details, string message)
    {
        using var handler = new StubHandler(_ => StubHandler.Status(504, "Timeout", message, details, retryAfter: 1));
        var act = () => handler.NewClient().ListAsync<V1Namespace>(new() { ResourceVersion = "9" }, default);

        var error = (await act.Should().ThrowAsync<KubeApiException>()).Which;

        error.IsResourceVersionTooLarge.Should().BeTrue();
        error.IsGone.Should().BeFalse();
        handler.Requests.Should().HaveCount(1, "waiting would only delay the quorum read that answers it");
    }

    [Fact]
    public async Task One_item_that_cannot_be_read_does_not_cost_the_others()
    {
        var skipped = new List<SkippedObject>();
        const string Body = """{"metadata":{"resourceVersion":"3"},"items":[{"metadata":{"name":"a"}},"""
            + """{"metadata":{"name":"b","labels":{"x":{"no":"text"}}}},{"metadata":{"name":"c"}}]}""";
        using var handler = new StubHandler(_ => StubHandler.Json(Body));

        var list = await handler.NewClient(options: new() { OnSkipped = skipped.Add }).ListAsync<V1Namespace>(new(), default);

        list.Items.Select(i => i.Metadata.Name).Should().Equal("a", "c");
        list.Metadata.ResourceVersion.Should().Be("3");
        skipped.Should().ContainSingle().Which.Key.Should().Be("b");
    }

    [Fact]
    public async Task An_answer_that_is_no_JSON_says_so()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("""{"items":[{"metadata":{"na"""));
        var act = () => handler.NewClient().ListAsync<V1Namespace>(new(), default);
        (await act.Should().ThrowAsync<KubeConnectionException>()).Which.Failure.Should().Be(ConnectionFailure.BadAnswer);
    }

    /// <summary>What the server does: pages by <c>limit</c> and <c>continue</c> (the token here is the offset), and no version beside a token.</summary>
    private static HttpResponseMessage Page(SentRequest sent, int total)
    {
        var query = System.Web.HttpUtility.ParseQueryString(sent.Uri.Query);
        var from = int.Parse(query["continue"] ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        if (query["continue"] is not null && query["resourceVersion"] is not null)
            return StubHandler.Status(400, "BadRequest", "specifying resource version is not allowed when using continue");
        var limit = int.Parse(query["limit"] ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        var to = limit == 0 ? total : Math.Min(total, from + limit);
        var items = Enumerable.Range(from, to - from).Select(i => StubHandler.NamespaceJson($"n{i}"));
        var meta = to < total ? $$"""{"resourceVersion":"100","continue":"{{to}}","remainingItemCount":{{total - to}}}""" : """{"resourceVersion":"100"}""";
        return StubHandler.Json($$"""{"kind":"NamespaceList","apiVersion":"v1","metadata":{{meta}},"items":[{{string.Join(',', items)}}]}""");
    }

    private static Task<KubeList<V1Namespace>> RunAsync(Task<KubeList<V1Namespace>> task) => Within.SafetyAsync(task, "the list");
}
