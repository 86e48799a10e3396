using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Gateway.Admission;
using FluentAssertions;
using k8s.Models;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Gateway.Tests.Admission;

public sealed class AdmittanceTests : IDisposable
{
    private static readonly DateTimeOffset s_end = A.Start.AddMinutes(30);

    private readonly TestAuthority _authority = new("authority");
    private readonly ClientCertificate _certificate;
    private readonly BreakGlassGrant _grant;

    public AdmittanceTests()
    {
        using var sent = _authority.Client("inc-4711", "grant-1", s_end);
        _certificate = ClientCertificate.Read(sent, [_authority.Certificate]);
        _grant = A.Grant() with
        {
            Status = new()
            {
                Phase = GrantPhase.Active, ExpiresAt = s_end, Path = SessionPath.Gateway,
                Gateway = new() { Server = "https://gateway.example", Certificate = sent.ExportCertificatePem() },
            },
        };
    }

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void The_certificate_in_the_status_of_an_active_grant_is_admitted()
    {
        Judge(_grant).Should().BeNull();
    }

    [Fact]
    public void Without_a_certificate_nobody_is_admitted()
    {
        Admittance.Judge(null, _grant, stop: null, A.Start)!.Reason.Should().Be(RefusalReasons.NoCertificate);
    }

    [Fact]
    public void A_certificate_that_the_authority_did_not_sign_is_not_admitted_whatever_it_says()
    {
        Admittance.Judge(_certificate with { IsTrusted = false }, _grant, stop: null, A.Start)!.Reason.Should().Be(RefusalReasons.UnknownCertificate);
        Admittance.Judge(_certificate with { Grant = null }, _grant, stop: null, A.Start)!.Reason.Should().Be(RefusalReasons.UnknownCertificate);
    }

    [Fact]
    public void The_gateways_own_certificate_is_of_no_grant()
    {
        using var own = _authority.Client(new Uri("breakglass://gateway"), s_end);
        Admittance.Judge(ClientCertificate.Read(own, [_authority.Certificate]), _grant, stop: null, A.Start)!.Reason
            .Should().Be(RefusalReasons.UnknownCertificate);
    }

    [Fact]
    public void A_grant_that_does_not_exist_or_has_another_uid_is_not_admitted()
    {
        Admittance.Judge(_certificate, null, stop: null, A.Start)!.Reason.Should().Be(RefusalReasons.NoGrant);
        Judge(_grant with { Metadata = _grant.Metadata with { Uid = "grant-2" } })!.Reason.Should().Be(RefusalReasons.OtherCertificate);
        Judge(_grant with { Metadata = _grant.Metadata with { Name = "inc-4712" } })!.Reason.Should().Be(RefusalReasons.NoGrant);
    }

    [Theory]
    [InlineData(GrantPhase.Expired)]
    [InlineData(GrantPhase.Revoked)]
    [InlineData(GrantPhase.Denied)]
    [InlineData(GrantPhase.Failed)]
    public void A_grant_that_is_over_is_not_admitted_and_the_sentence_says_when_why_and_what_to_do(GrantPhase phase)
    {
        var over = Judge(_grant with
        {
            Status = _grant.Status with
            {
                Phase = phase, EndedAt = A.Start,
                Conditions = [new() { Type = "Active", Status = "False", Reason = "Ended", Message = "Access was revoked by spec.revoke: done." }],
            },
        })!;
        over.Should().BeEquivalentTo(new { Reason = RefusalReasons.Ended, Code = 401 });
        over.Message.Should().Contain("inc-4711").And.Contain("2026-11-22T01:02:03.000Z").And.Contain($"{phase}").And.Contain("spec.revoke: done")
            .And.Contain("kubectl breakglass request payments-oncall");
    }

    [Fact]
    public void A_grant_that_the_operator_has_ended_is_not_admitted_though_its_bindings_could_not_be_removed()
    {
        var obstructed = Judge(_grant with
        {
            Status = _grant.Status with
            {
                EndReason = EndReason.Lockdown,
                Conditions = [new() { Type = "Active", Status = "True", Reason = "RevocationObstructed", Message = "A webhook refuses the removal." }],
            },
        })!;
        obstructed.Reason.Should().Be(RefusalReasons.Ended);
        obstructed.Message.Should().StartWith("the grant inc-4711 is over (Lockdown). To get access again:");
    }

    [Theory]
    [InlineData(GrantPhase.Pending)]
    [InlineData(GrantPhase.AwaitingApproval)]
    [InlineData(GrantPhase.Scheduled)]
    [InlineData(null)]
    public void A_grant_that_is_not_active_yet_is_not_admitted(GrantPhase? phase)
    {
        Judge(_grant with { Status = _grant.Status with { Phase = phase } })!.Reason.Should().Be(RefusalReasons.NotActive);
    }

    [Fact]
    public void The_end_by_the_clock_counts_whatever_the_phase_says()
    {
        Admittance.Judge(_certificate, _grant, stop: null, s_end.AddTicks(-1)).Should().BeNull();
        Admittance.Judge(_certificate, _grant, stop: null, s_end)!.Reason.Should().Be(RefusalReasons.Ended);
        Judge(_grant with { Status = _grant.Status with { ExpiresAt = null } })!.Reason.Should().Be(RefusalReasons.NotActive);
    }

    [Fact]
    public void A_status_that_says_a_later_end_does_not_prolong_the_certificate()
    {
        var later = _grant with { Status = _grant.Status with { ExpiresAt = s_end.AddHours(1) } };
        Admittance.Judge(_certificate, later, stop: null, s_end).Should().BeNull("a certificate is valid through its last second");
        Admittance.Judge(_certificate, later, stop: null, s_end.AddSeconds(1))!.Reason.Should().Be(RefusalReasons.OtherCertificate);
    }

    [Fact]
    public void A_grant_that_is_being_revoked_or_deleted_is_not_admitted()
    {
        Judge(_grant with { Spec = _grant.Spec with { Revoke = new() { Reason = "done" } } })!.Message.Should().Contain("revoked: done");
        Judge(_grant with { Metadata = _grant.Metadata with { DeletionTimestamp = A.Start.UtcDateTime } })!.Reason.Should().Be(RefusalReasons.Ended);
    }

    [Theory]
    [InlineData(SessionPath.Direct)]
    [InlineData(null)]
    public void A_grant_of_the_direct_path_is_not_admitted(SessionPath? path)
    {
        Judge(_grant with { Status = _grant.Status with { Path = path } })!.Reason.Should().Be(RefusalReasons.DirectPath);
    }

    [Fact]
    public void Another_certificate_of_the_same_grant_is_not_admitted()
    {
        using var other = _authority.Client("inc-4711", "grant-1", s_end);
        Admittance.Judge(ClientCertificate.Read(other, [_authority.Certificate]), _grant, stop: null, A.Start)!.Reason
            .Should().Be(RefusalReasons.OtherCertificate);
        foreach (var recorded in (string?[])[null, "", "no PEM", other.ExportCertificatePem()])
        {
            Judge(_grant with { Status = _grant.Status with { Gateway = new() { Server = "https://gateway.example", Certificate = recorded } } })!.Reason
                .Should().Be(RefusalReasons.OtherCertificate);
        }
    }

    [Fact]
    public void Only_a_certificate_for_clients_that_the_authority_signed_is_trusted()
    {
        using var stranger = new TestAuthority("authority");
        using var forServers = _authority.Client("inc-4711", "grant-1", s_end, TestAuthority.ServerAuthentication);
        using var foreign = stranger.Client("inc-4711", "grant-1", s_end);
        using var own = TestAuthority.SelfSigned("inc-4711", "grant-1", s_end);
        foreach (var certificate in new[] { forServers, foreign, own, _authority.Certificate })
            ClientCertificate.Read(certificate, [_authority.Certificate]).IsTrusted.Should().BeFalse(certificate.Subject);
        ClientCertificate.Read(own, []).IsTrusted.Should().BeFalse();
        _certificate.Should().BeEquivalentTo(new { IsTrusted = true, Grant = new GrantCertificate("inc-4711", "grant-1"), NotAfter = s_end });
    }

    private Refusal? Judge(BreakGlassGrant grant) => Admittance.Judge(_certificate, grant, stop: null, A.Start);
}
