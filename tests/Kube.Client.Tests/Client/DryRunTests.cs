using System.Text.Json.Nodes;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

/// <summary>A client that only rehearses. What a server makes of it is tried on a real one (tests/Integration/ControlPlane).</summary>
public sealed class DryRunTests
{
    private static readonly V1Role s_role = new() { Metadata = new() { Name = "r", NamespaceProperty = "n" } };

    [Fact]
    public async Task Every_write_says_that_it_is_a_rehearsal_where_the_server_looks_for_it()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("""{"metadata":{"name":"r","namespace":"n"}}"""));
        using var client = handler.NewClient(options: new() { DryRun = true });

        await client.CreateAsync(s_role, default);
        await client.ReplaceAsync(s_role, default);
        await client.ReplaceStatusAsync(s_role, default);
        await client.MergePatchAsync<V1Role>("r", "n", [], default);
        await client.JsonPatchAsync<V1Role>("r", "n", [], default);
        handler.Requests.Should().OnlyContain(r => r.PathAndQuery.Contains("dryRun=All"));

        await client.DeleteAsync<V1Role>("r", "n", new() { Uid = "u" }, default);
        JsonNode.Parse(handler.Requests.Last().Body)!["dryRun"]!.AsArray().Select(value => value!.GetValue<string>()).Should()
            .Equal(["All"], "a server that finds options in the body of a delete does not look at the query");
    }

    [Fact]
    public async Task Reads_are_as_always()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("""{"metadata":{"name":"r","namespace":"n"},"items":[]}"""));
        using var client = handler.NewClient(options: new() { DryRun = true });

        await client.GetAsync<V1Role>("r", "n", default);
        await client.ListAsync<V1Role>(new(), default);

        handler.Requests.Should().HaveCount(2).And.NotContain(r => r.PathAndQuery.Contains("dryRun"));
    }

    [Fact]
    public async Task No_token_is_asked_for_since_that_would_be_a_real_one()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("{}"));
        using var client = handler.NewClient(options: new() { DryRun = true });

        var asking = () => client.CreateTokenAsync("n", "sa", new TokenRequest(), default);

        await asking.Should().ThrowAsync<InvalidOperationException>();
        handler.Requests.Should().BeEmpty();
    }
}
