using System.Text;
using System.Text.Json;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests;

/// <summary>No token is ever in a log, an event or a status, whatever goes wrong while it is in hand.</summary>
public class SecretsStaySecretTests
{
    // How every token of the fake server begins.
    private static readonly string TokenHead = Convert.ToBase64String(Encoding.UTF8.GetBytes("""{"alg":"RS256","kid":"fake"}""")).TrimEnd('=');

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task No_token_is_told_to_anybody(bool encrypted) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness, new() { TokenCache = TimeSpan.FromSeconds(10) });
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        foreach (var fault in new[] { Fault.InternalError, Fault.LostAnswer, Fault.DroppedBeforeWrite, Fault.Answer(422, "Invalid", "is invalid"),
            Fault.Conflict, Fault.TooManyRequests() })
        {
            foreach (var (verb, resource) in new[] { ("create", "serviceaccounts/token"), ("update", "secrets"), ("patch", "secrets"), ("create",
                "tokenreviews"), ("get", "secrets") })
            {
                world.Server.Faults.Inject(fault, verb, resource);
            }
        }

        var seen = new HashSet<string>();
        for (var i = 0; i < 4; i++)
        {
            world.Server.Put(Sample.Grant(g => g with { RecipientKey = encrypted ? Sample.RecipientKey : null }, $"inc-{i}"));
            world.Advance(TimeSpan.FromSeconds(20));
            foreach (var secret in world.Server.List<V1Secret>("breakglass-grants"))
            {
                if (secret.Data.OrEmpty().GetValueOrDefault("token") is { } token) seen.Add(Encoding.UTF8.GetString(token));
            }
        }

        world.Advance(Sample.Duration + TimeSpan.FromMinutes(2));
        world.Owned().Should().BeEmpty();
        seen.Any().Should().Be(!encrypted);
        seen.Should().NotContain(t => !t.StartsWith(TokenHead, StringComparison.Ordinal));

        string[] told =
        [
            .. world.Logs.Lines,
            .. world.Events().Select(e => JsonSerializer.Serialize(e, KubeModels.Json<Eventsv1Event>())),
            .. world.History.Grants.Values.Select(g => JsonSerializer.Serialize(g, KubeKinds.Of<BreakGlassGrant>().Json)),
            JsonSerializer.Serialize(world.Policy()!, KubeKinds.Of<BreakGlassPolicy>().Json),
        ];
        told.Should().HaveCountGreaterThan(20);
        told.Should().NotContain(t => t.Contains(TokenHead, StringComparison.Ordinal));
    });

    [Fact]
    public Task A_private_key_sent_by_mistake_is_not_repeated() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Server.Put(Sample.Grant(g => g with { RecipientKey = Sample.RecipientKey with { D = "c2VjcmV0LXNjYWxhcg" } }));
        world.Advance(TimeSpan.FromSeconds(2));
        string[] told = [.. world.Logs.Lines, .. world.Events().Select(e => JsonSerializer.Serialize(e, KubeModels.Json<Eventsv1Event>())),
            JsonSerializer.Serialize(new BreakGlassGrant { Status = world.Grant()!.Status }, KubeKinds.Of<BreakGlassGrant>().Json)];
        told.Should().NotContain(t => t.Contains("c2VjcmV0LXNjYWxhcg", StringComparison.Ordinal));
    });
}
