using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace TestKit.Tests.Server;

/// <summary>The fake server as the project's own client sees it.</summary>
public sealed class ClientTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly KubeClient _client;

    public ClientTests()
    {
        _server = new(_clock);
        _client = _server.CreateClient();
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task An_object_lives_its_life()
    {
        var made = await _client.CreateAsync(NewSecret("s"), default);
        var replaced = await _client.ReplaceAsync(made with { Data = new Dictionary<string, byte[]> { ["token"] = Encoding.UTF8.GetBytes("b") } }, default);

        var conflict = (await _client.Invoking(c => c.ReplaceAsync(made with { Immutable = true }, default)).Should().ThrowAsync<KubeApiException>()).Which;
        var foreign = (await _client.Invoking(c => c.DeleteAsync<V1Secret>("s", "default", new() { Uid = "another" }, default))
            .Should().ThrowAsync<KubeApiException>()).Which;

        (conflict.IsConflict, foreign.IsConflict).Should().Be((true, true));
        (await _client.TryGetAsync<V1Secret>("s", "default", default))!.Metadata.ResourceVersion.Should().Be(replaced.Metadata.ResourceVersion);
        (await _client.DeleteAsync<V1Secret>("s", "default", new() { Uid = made.Metadata.Uid }, default)).Should().BeTrue();
        (await _client.DeleteAsync<V1Secret>("s", "default", new(), default)).Should().BeFalse();
        (await _client.TryGetAsync<V1Secret>("s", "default", default)).Should().BeNull();
    }

    [Fact]
    public async Task Patch_and_token_work_as_on_a_real_server()
    {
        var binding = new V1RoleBinding
        {
            Metadata = new() { Name = "b", NamespaceProperty = "default" },
            RoleRef = new() { Kind = "ClusterRole", Name = "view" },
            Subjects = [new() { Kind = "ServiceAccount", Name = "sa", NamespaceProperty = "default" }],
        };
        var applied = await _client.CreateAsync(binding, default);
        var again = await _client.MergePatchAsync<V1RoleBinding>("b", "default", [], default);
        await _client.CreateAsync(new V1ServiceAccount { Metadata = new() { Name = "sa", NamespaceProperty = "default" } }, default);
        var labelled = await _client.MergePatchAsync<V1ServiceAccount>(
            "sa", "default", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = "1" } } }, default);
        var token = await _client.CreateTokenAsync("default", "sa", new() { Spec = new() { ExpirationSeconds = 600 } }, default);

        again.Metadata.ResourceVersion.Should().Be(applied.Metadata.ResourceVersion);
        labelled.LabelsOrEmpty.Should().Contain("a", "1");
        token.Status!.ExpirationTimestamp.Should().Be(new DateTime(2026, 11, 22, 1, 12, 3, DateTimeKind.Utc));
        var review = await _client.CreateAsync(new TokenReview { Spec = new() { Token = token.Status.Token } }, default);
        review.Status!.User!.Username.Should().Be("system:serviceaccount:default:sa");
    }

    [Fact]
    public async Task A_list_in_pages_is_the_list_whatever_the_size_of_a_page()
    {
        for (var count = 0; count <= 9; count++)
        {
            for (var limit = 1; limit <= 10; limit++)
            {
                var paged = await _client.ListAsync<V1Secret>(new() { Limit = limit }, default);
                var whole = await _client.ListAsync<V1Secret>(new() { Limit = 0 }, default);
                paged.Items.Select(s => s.Metadata.Name).Should().Equal(whole.Items.Select(s => s.Metadata.Name)).And.HaveCount(count);
            }

            _server.Put(NewSecret($"s{count * 7 % 10}"));
        }
    }

    [Fact]
    public async Task A_watch_of_metadata_sees_every_change_and_never_the_data()
    {
        using var stop = new CancellationTokenSource();
        var watch = _client.WatchAsync<SecretMetadata>(new() { Namespace = "default", ResourceVersion = $"{_server.Revision}" }, stop.Token)
            .GetAsyncEnumerator(stop.Token);
        var next = watch.MoveNextAsync().AsTask();
        await _server.Watches.WhenOpen("secrets");
        _server.Put(NewSecret("s"));
        (await next.Soon("the first event")).Should().BeTrue();
        watch.Current.Type.Should().Be(WatchEventType.Added);

        next = watch.MoveNextAsync().AsTask();
        await _server.Watches.WhenDrained();
        _server.Watches.SendError(410, "Expired", "too old resource version");

        (await next.Invoking(n => n.Soon("the error")).Should().ThrowAsync<KubeApiException>()).Which.IsGone.Should().BeTrue();
        await watch.DisposeAsync();
        _server.Watches.Open.Should().BeEmpty();
    }

    [Fact]
    public async Task Death_after_every_write_can_be_enumerated()
    {
        var survivors = new List<string>();
        for (var deadAfter = 0; deadAfter <= 3; deadAfter++)
        {
            foreach (var lost in new[] { false, true })
            {
                var server = new FakeApiServer(new());
                using var handler = server.CreateHandler(client: "op");
                using var client = server.CreateClient(handler, new() { MaxTries = 1 });
                handler.KillAfterWrite(deadAfter, lost);
                var answered = 0;
                try
                {
                    foreach (var name in new[] { "a", "b", "c" })
                    {
                        await client.CreateAsync(NewSecret(name), default);
                        answered++;
                    }
                }
                catch (KubeConnectionException)
                {
                    handler.IsDead.Should().BeTrue();
                }

                survivors.Add($"{server.List<V1Secret>().Count} written, {answered} answered");
            }
        }

        survivors.Should().Equal(
            "0 written, 0 answered", "0 written, 0 answered",
            "1 written, 1 answered", "1 written, 0 answered",
            "2 written, 2 answered", "2 written, 1 answered",
            "3 written, 3 answered", "3 written, 2 answered");
    }

    private static V1Secret NewSecret(string name) => new()
    {
        Metadata = new() { Name = name, NamespaceProperty = "default" },
        Data = new Dictionary<string, byte[]> { ["token"] = Encoding.UTF8.GetBytes("a") },
    };
}
