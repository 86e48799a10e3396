using BreakGlass.Core.Api;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Options;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using System.Security.Cryptography.X509Certificates;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Rotation;

/// <summary>The gateway's authority while it is rotated on request, with active grants.</summary>
public sealed class GatewayRotationTests
{
    private const string Ns = "breakglass-system";

    private static OperatorOptions Options { get; } =
        World.Options with { GatewayUrl = new("https://gateway.example.test:8443"), TrustRequester = true };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Active_grants_get_a_certificate_by_the_new_authority_and_the_old_one_is_dropped(bool hasRecipientKey) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Start(Options);
        var (before, old) = Activate(world, hasRecipientKey ? Sample.RecipientKey : null);

        Rotate(world);
        world.Advance(TimeSpan.FromMinutes(2));
        world.Grant()!.Status.Gateway!.Certificate.Should().Be(before.Certificate, "a gateway may not know the new authority yet");
        world.Advance(TimeSpan.FromMinutes(5));

        OnlyTheNewOneIsLeft(world, before, old);
    });

    [Theory]
    [InlineData(1, RotationPhase.NewKey)]
    [InlineData(3, RotationPhase.Replaced)]
    public Task The_next_leader_completes_it_for_an_active_grant_if_one_dies_in_the_middle(int minutes, RotationPhase phase) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        var leader = world.Start(Options with { LeaderElect = true });
        world.Start(Options with { LeaderElect = true });
        var (before, old) = Activate(world, recipientKey: null);

        Rotate(world);
        world.Advance(TimeSpan.FromMinutes(minutes));
        Progress(world).Phase.Should().Be(phase);
        leader.Kill();
        world.Advance(TimeSpan.FromMinutes(8 - minutes));

        OnlyTheNewOneIsLeft(world, before, old);
    });

    /// <summary>Gives access through the gateway for an hour.</summary>
    private static (GatewayAccess Access, X509Certificate2 Authority) Activate(World world, JsonWebKey? recipientKey)
    {
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => p with { Session = new() { Path = SessionPath.Gateway } }));
        world.Advance(TimeSpan.FromSeconds(15));
        world.Server.Put(Sample.Grant(g => g with { Duration = "1h", RecipientKey = recipientKey }));
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        return (world.Grant()!.Status.Gateway!, Authorities(world).Single());
    }

    private static void Rotate(World world) => world.Server.Modify<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, m => m with
    {
        Data = new Dictionary<string, string> { [RotatedKeys.GatewayAuthority] = new RotationRequest { Id = "r-1", Overlap = "0s" }.Write() },
    });

    private static RotationProgress Progress(World world) => RotationProgress.Read(
        world.Server.Get<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns)!.Data![RotatedKeys.ProgressOf(RotatedKeys.GatewayAuthority)])!;

    /// <summary>Only the new authority is left, the grant has a certificate by it, and ends at its time.</summary>
    private static void OnlyTheNewOneIsLeft(World world, GatewayAccess before, X509Certificate2 old)
    {
        var (after, newest) = (world.Grant()!.Status.Gateway!, Authorities(world).Should().ContainSingle().Subject);
        newest.Thumbprint.Should().NotBe(old.Thumbprint);
        after.Certificate.Should().NotBe(before.Certificate);
        using var certificate = X509Certificate2.CreateFromPem(after.Certificate!);
        Pki.IsSignedBy(certificate, newest).Should().BeTrue();
        after.CaBundle.Should().Contain(newest.ExportCertificatePem());
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        Progress(world).Phase.Should().Be(RotationPhase.OldRefused);
        world.Advance(TimeSpan.FromHours(1));
        world.Grant()!.Status.EndReason.Should().Be(EndReason.Expired);
        world.Owned().Should().BeEmpty();
    }

    private static List<X509Certificate2> Authorities(World world) =>
        [.. ManagedCertificates.Read(world.Server.Get<V1Secret>(CertificateUse.Gateway.SecretName, Ns)!.Data, CertificateUse.Gateway)!.Signers()];
}
