using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using FluentAssertions;
using Xunit;

namespace Integration.Life;

/// <summary>The two other ways in which access reaches a person: their own user name, and a credential that only their key opens.</summary>
public sealed class OtherCredentialTests(SharedOperator shared) : IClassFixture<SharedOperator>
{
    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public async Task BindRequester_gives_access_to_the_requester_in_person_and_makes_no_identity()
    {
        var incident = await Incident.BeginAsync(_cluster, "  credential: BindRequester");
        await incident.WhileItLastsAsync(20, async active =>
        {
            active.Status.ServiceAccount.Should().BeNull();
            active.Status.CredentialSecret.Should().BeNull();
            (await _cluster.MadeForAsync(incident.Grant)).Should().Equal($"RoleBinding {incident.Namespace}/{Incident.BindingOf(active)}");
            (await incident.CanReadAsync(_cluster.Alice, "kube-system")).Should().BeFalse();
            (await incident.CanReadAsync(_cluster.Bob)).Should().BeFalse("he did not ask");
            await incident.AllowedAsync(_cluster.Alice);
        });

        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
        await incident.RefusedAsync(_cluster.Alice);
    }

    [Fact]
    public async Task A_bound_requester_who_is_done_ends_access_at_once()
    {
        var incident = await Incident.BeginAsync(_cluster, "  credential: BindRequester");
        await incident.ActivateAsync();
        await incident.AllowedAsync(_cluster.Alice);

        await incident.RevokeAsync();

        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        await incident.RefusedAsync(_cluster.Alice);
    }

    [Theory]
    [InlineData("EC")]
    [InlineData("RSA")]
    public async Task With_a_recipient_key_the_credential_is_in_the_status_and_only_that_key_opens_it(string type)
    {
        using var ec = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var jwk = type == "EC" ? RecipientKey.PublicJwk(ec, "laptop") : RecipientKey.PublicJwk(rsa, "laptop");
        var yaml = type == "EC"
            ? $"{{kty: EC, crv: P-256, x: \"{jwk.X}\", \"y\": \"{jwk.Y}\", kid: laptop}}"
            : $"{{kty: RSA, \"n\": \"{jwk.N}\", e: \"{jwk.E}\", kid: laptop}}";
        var incident = await Incident.BeginAsync(_cluster);

        var active = await incident.ActivateAsync(spec: $"  recipientKey: {yaml}");

        var jwe = active.Status.CredentialJwe;
        jwe.Should().NotBeNullOrEmpty();
        var kubeconfig = type == "EC" ? Jwe.Decrypt(jwe!, ec) : Jwe.Decrypt(jwe!, rsa);
        Encoding.UTF8.GetString(kubeconfig).Should().Contain("kind: Config");
        var file = await incident.SaveKubeconfigAsync(kubeconfig);
        await incident.AllowedAsync(file);
        var (ns, name) = Incident.SecretOf(active);
        var secret = JsonNode.Parse(await _cluster.AdminAsync("get", "secret", "-n", ns, name, "-o", "json"))!;
        secret["data"].Should().BeNull("the credential is nowhere in the clear");
        (await _cluster.KubectlAsync(_cluster.Alice, "get", "secret", "-n", ns, name)).Error.Should().Contain("Forbidden", "there is nothing for her in it");

        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        await incident.RefusedAsync(file);
    }
}
