using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>What stands where everything else is dead. Takes more than ten minutes of real time, the least that an API server gives a token.</summary>
[Trait("Category", "Long")]
public sealed class LastWallTests(OwnCluster own) : IClassFixture<OwnCluster>
{
    private static readonly TimeSpan s_leeway = TimeSpan.FromMinutes(2);

    private readonly TestCluster _cluster = own.Cluster;

    [Fact]
    public async Task With_no_operator_and_no_reaper_the_token_itself_is_refused_after_its_ten_minutes()
    {
        var incident = await Incident.BeginAsync(_cluster);
        var active = await incident.OpenAndKillAsync(10);

        var kubeconfig = await incident.FetchKubeconfigAsync();
        await Eventually.AtAsync(active.Status.ExpiresAt!.Value);
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue("nobody is there to end it, which is why there is a reaper");

        await Eventually.AtAsync(active.Status.CredentialExpiresAt!.Value);

        await Eventually.TrueAsync(
            async () => (await _cluster.KubectlAsync(kubeconfig, "get", "configmaps", "-n", incident.Namespace)).Error is var error
                && (error.Contains("Unauthorized", StringComparison.Ordinal) || error.Contains("logged in", StringComparison.Ordinal)),
            limit: s_leeway, expected: "a token that is refused by its own end");
        (await _cluster.MadeForAsync(incident.Grant)).Should().HaveCount(5, "nothing was removed: the end of the token is the last wall");
    }
}
