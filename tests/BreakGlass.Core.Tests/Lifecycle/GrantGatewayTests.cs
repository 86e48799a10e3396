using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>A grant whose holder goes through the gateway: no token, and a certificate that the status records.</summary>
public sealed class GrantGatewayTests
{
    private static readonly CoreSettings WithGateway = A.Settings with { HasGateway = true };

    private static readonly JsonWebKey Key =
        new() { Kty = "EC", Crv = "P-256", X = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", Y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" };

    private static BreakGlassPolicy Gateway => A.Policy(s => s with { Session = new() { Path = SessionPath.Gateway } });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_has_a_certificate_until_its_end_and_no_token(bool withKey)
    {
        var world = World(withKey: withKey);
        world.Done = (_, step) =>
        {
            step.Should().NotBeOfType<PlanStep.IssueToken>();
            if (Conditions.IsTrue(world.Status.Conditions, "Active")) world.Status.Gateway!.Certificate.Should().NotBeNull("people use it from then on");
        };
        world.Run();

        world.Status.Should().Match<GrantStatus>(
            s => s.Phase == GrantPhase.Active && s.Path == SessionPath.Gateway && s.CredentialJwe == null && s.CredentialExpiresAt == s.ExpiresAt);
        world.Status.Gateway.Should().Match<GatewayAccess>(
            g => g.Server == "https://gateway.example" && g.CaBundle == "authority" && g.Certificate!.StartsWith("certificate"));
        world.Certificates.Should().Equal([world.Status.ExpiresAt!.Value], "one is issued, which ends with the grant");
        world.Cluster.Tokens.Should().BeEmpty();
        if (withKey) world.Cluster.Delivered.Values.Should().Equal([-1], "the Secret is marked and holds nothing");
        Message(world).Should().Contain(withKey ? "Use status.gateway with your private key" : "kubectl get secret -n breakglass-grants")
            .And.NotContain("credentialJwe").And.Contain("spec.revoke");
    }

    [Fact]
    public void A_certificate_has_no_floor_of_ten_minutes()
    {
        var world = World(duration: "45s").Run();
        (world.Status.ExpiresAt, world.Status.CredentialExpiresAt).Should().Be((A.Start.AddSeconds(45), A.Start.AddSeconds(45)));
    }

    [Fact]
    public void Its_end_is_cut_and_proven_as_that_of_any_other()
    {
        var world = World().Run();
        world.RunUntil(A.Start.AddMinutes(30));
        world.Cluster.Objects.Should().BeEmpty();
        world.RunFor(TimeSpan.FromSeconds(15));
        world.Status.Phase.Should().Be(GrantPhase.Expired);
        Conditions.Find(world.Status.Conditions, "Revoked")!.Should().Match<Condition>(c => c.Status == "True" && c.Message.Contains("TokenReview refuses"));
        world.Cluster.Tokens.Should().ContainSingle("the operator asks for one token, to prove that the gateway's are dead");
    }

    [Fact]
    public void Without_a_gateway_it_is_denied_with_a_reason()
    {
        var world = new ModelWorld(Gateway).Run();
        world.Status.Phase.Should().Be(GrantPhase.Denied);
        Conditions.Find(world.Status.Conditions, "Authorized")!.Should().Match<Condition>(
            c => c.Status == "False" && c.Reason == DenialReasons.NoGateway && c.Message.Contains("only through the gateway"));
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData(SessionPath.Direct)]
    [InlineData(SessionPath.Gateway)]
    public void A_policy_whose_path_changes_does_not_change_what_lives(SessionPath first)
    {
        var other = first is SessionPath.Direct ? SessionPath.Gateway : SessionPath.Direct;
        var world = new ModelWorld(A.Policy(s => s with { Session = new() { Path = first } }), A.Grant()) { Settings = WithGateway }.Run();
        var status = world.Status;
        world.EditPolicy(s => s with { Session = new() { Path = other } });
        world.RunFor(TimeSpan.FromMinutes(2)).Status.Should().BeSameAs(status);
        world.EditPolicy(s => s with { Session = null });
        world.RunFor(TimeSpan.FromMinutes(2)).Status.Should().BeSameAs(status);

        // Also where the credential has to be made again.
        world.Delete(world.CredentialSecret);
        world.Run();
        world.Status.Path.Should().Be(status.Path);
        (world.Status.Gateway is null).Should().Be(first is SessionPath.Direct);
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void An_operator_that_lost_its_gateway_ends_no_grant()
    {
        var world = World().Run();
        world.Settings = A.Settings;
        world.RunFor(TimeSpan.FromMinutes(2)).Status.Phase.Should().Be(GrantPhase.Active);
        world.RunUntil(A.Start.AddMinutes(31)).Status.Phase.Should().Be(GrantPhase.Expired);
    }

    [Fact]
    public void While_the_authority_is_not_there_the_status_says_so_and_then_access_opens()
    {
        var world = World();
        world.GatewayProblem = "It has not read Secret breakglass-system/breakglass-gateway-tls yet";
        world.RunFor(TimeSpan.FromSeconds(10));
        world.Status.Phase.Should().Be(GrantPhase.Pending);
        Message(world).Should().Contain("breakglass-gateway-tls yet").And.Contain("Next try at").And.Contain("check the operator's log");
        world.Status.Gateway.Should().BeNull("nothing is half made");
        world.Cluster.Delivered.Should().BeEmpty();

        world.GatewayProblem = null;
        world.RunFor(TimeSpan.FromSeconds(30)).Status.Phase.Should().Be(GrantPhase.Active);
        world.Status.Gateway!.Certificate.Should().NotBeNull();
    }

    [Fact]
    public void If_the_authority_does_not_come_the_grant_fails()
    {
        var world = World();
        world.GatewayProblem = "It could not read or create Secret breakglass-system/breakglass-gateway-tls: forbidden";
        world.RunFor(TimeSpan.FromMinutes(8));
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")!.Should().Match<Condition>(
            c => c.Reason == FailureReasons.GatewayNotReady && c.Message.Contains("forbidden"));
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_death_between_delivery_and_status_another_certificate_is_issued_and_recorded(bool withKey)
    {
        var world = World(withKey: withKey);
        world.Faults = step => step is PlanStep.Deliver ? StepFault.DiesAfter : StepFault.None;
        while (world.Lives == 0) world.Reconcile();
        world.Status.Gateway.Should().BeNull();
        var lost = Mark(world);
        lost.Should().NotBeNull();

        world.Faults = _ => StepFault.None;
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        Mark(world).Should().NotBe(lost).And.Be(MarkOf(world.Status), "the Secret holds the certificate that the gateway accepts");
        world.Certificates.Should().HaveCount(withKey ? 2 : 3, "a Secret that is full is made again, and its certificate with it");
    }

    [Fact]
    public void After_a_death_between_issue_and_delivery_another_certificate_is_issued()
    {
        var world = World();
        world.Faults = step => step is PlanStep.IssueCertificate ? StepFault.DiesAfter : StepFault.None;
        while (world.Lives == 0) world.Reconcile();
        world.Faults = _ => StepFault.None;
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.Certificates.Should().HaveCount(2);
        Mark(world).Should().Be(MarkOf(world.Status));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_two_leaders_certificates_the_one_that_is_recorded_is_in_the_Secret(bool withKey)
    {
        var world = World(withKey: withKey);
        world.Faults = step => step is PlanStep.Deliver ? StepFault.DiesBefore : StepFault.None;
        while (world.Lives == 0) world.Reconcile();
        world.Faults = _ => StepFault.None;

        // The first leader goes on where it is believed dead: it delivers while the second one is about to.
        var before = world.Certificates.Count;
        world.Done = (_, step) =>
        {
            if (step is PlanStep.IssueCertificate && world.Certificates.Count == before + 1) world.Meanwhile = () => Deliver(world, "certificate of another");
        };
        world.RunFor(TimeSpan.FromSeconds(20));
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.Status.Gateway!.Certificate.Should().NotBe("certificate of another");
        Mark(world).Should().Be(MarkOf(world.Status));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("certificate of another grant")]
    public void A_certificate_that_somebody_else_writes_into_the_status_does_not_stay(string? forged)
    {
        var world = World().Run();
        world.ForgeStatus(s => s with { Gateway = s.Gateway! with { Certificate = forged } });
        world.RunFor(TimeSpan.FromSeconds(10));
        world.Status.Gateway!.Certificate.Should().StartWith("certificate ").And.NotBe(forged);
        Mark(world).Should().Be(MarkOf(world.Status));
        world.Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void A_path_that_somebody_else_writes_into_the_status_ends_the_grant()
    {
        // The record's seal covers the path: see RecordSealTests.
        var world = World().Run();
        world.ForgeStatus(s => s with { Path = null });
        world.RecordSeal = SealState.Broken;
        world.RunFor(TimeSpan.FromSeconds(15));
        world.Cluster.Objects.Should().BeEmpty();
        Conditions.Find(world.Status.Conditions, "Active")!.Reason.Should().Be(FailureReasons.RecordForged);
    }

    private static ModelWorld World(bool withKey = false, string? duration = null) =>
        new(Gateway, A.Grant(s => s with { RecipientKey = withKey ? Key : null, Duration = duration })) { Settings = WithGateway };

    private static void Deliver(ModelWorld world, string certificate)
    {
        var secret = world.CredentialSecret;
        IssuedToken issued = new(world.Account.Metadata.Uid!, secret.Metadata.Uid!, world.Status.ExpiresAt!.Value, null, new() { Certificate = certificate });
        world.Cluster.Deliver(secret, -1, new Dictionary<string, string>(secret.AnnotationsOrEmpty.Concat(GrantObjects.DeliveredMarks(issued))));
    }

    private static string Message(ModelWorld world) => Conditions.Find(world.Status.Conditions, "Active")!.Message;

    private static string? Mark(ModelWorld world) => world.CredentialSecret.AnnotationsOrEmpty.GetValueOrDefault(GrantObjects.CertificateAnnotation);

    private static string MarkOf(GrantStatus status) =>
        GrantObjects.DeliveredMarks(new("", "", default, null, status.Gateway))[GrantObjects.CertificateAnnotation];
}
