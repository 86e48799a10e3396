using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;
using BreakGlass.Operator.Certificates;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Operator.Tests.Certificates;

public class ManagedCertificatesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 1, 2, 3, TimeSpan.Zero);
    private static readonly string[] Names = ["breakglass-operator-webhook.breakglass-system.svc", "127.0.0.1", "::1"];

    [Fact]
    public void A_leaf_is_for_its_names_and_servers_alone_and_its_authority_for_signing_alone()
    {
        var managed = ManagedCertificates.New(Names, Now);
        using var leaf = managed.Leaf.Open();
        using var authority = Authorities(managed)[0];
        Pki.IsFor(leaf, Names).Should().BeTrue();
        Pki.IsFor(leaf, [.. Names, "other"]).Should().BeFalse();
        Pki.IsSignedBy(leaf, authority).Should().BeTrue();
        leaf.MatchesHostname("breakglass-operator-webhook.breakglass-system.svc").Should().BeTrue();
        leaf.MatchesHostname("127.0.0.1").Should().BeTrue();
        leaf.GetECDsaPublicKey()!.ExportParameters(false).Curve.Oid.FriendlyName.Should().BeOneOf("nistP256", "ECDSA_P256");
        leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages[0].Value.Should().Be("1.3.6.1.5.5.7.3.1");
        leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority.Should().BeFalse();
        authority.Extensions.OfType<X509BasicConstraintsExtension>().Single()
            .Should().Match<X509BasicConstraintsExtension>(b => b.CertificateAuthority && b.PathLengthConstraint == 0 && b.Critical);
        (Pki.Until(authority) - Now).Should().Be(TimeSpan.FromDays(365));
        (Pki.Until(leaf) - Now).Should().Be(TimeSpan.FromDays(90));
        (Now - Pki.From(leaf)).Should().Be(TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void What_was_written_is_read_again_and_what_does_not_belong_together_is_not()
    {
        var managed = ManagedCertificates.New(Names, Now);
        ManagedCertificates.Read(managed.Write()).Should().Be(managed);
        ManagedCertificates.Read(null).Should().BeNull();
        ManagedCertificates.Read(new Dictionary<string, byte[]>()).Should().BeNull();
        var other = ManagedCertificates.New(Names, Now);
        ManagedCertificates.Read((managed with { Leaf = other.Leaf }).Write()).Should().BeNull("another authority signed it");
        ManagedCertificates.Read((managed with { AuthorityKey = other.AuthorityKey }).Write()).Should().BeNull();
        ManagedCertificates.Read((managed with { Leaf = managed.Leaf with { KeyPem = other.Leaf.KeyPem } }).Write()).Should().BeNull();
        ManagedCertificates.Read((managed with { Bundle = "nothing" }).Write()).Should().BeNull();
    }

    [Fact]
    public void A_leaf_is_renewed_at_two_thirds_of_its_life_by_the_same_authority()
    {
        var managed = ManagedCertificates.New(Names, Now);
        managed.Next(Names, Now.AddDays(59), injected: true).Should().BeNull();
        var renewed = managed.Next(Names, Now.AddDays(60), injected: true)!;
        (renewed.Bundle, renewed.AuthorityKey).Should().Be((managed.Bundle, managed.AuthorityKey));
        renewed.Leaf.Should().NotBe(managed.Leaf);
        renewed.Next(Names, Now.AddDays(60), injected: true).Should().BeNull();
    }

    [Fact]
    public void A_certificate_that_is_not_yet_valid_is_replaced()
    {
        // Made by a clock that was ahead, it would have every write of our kinds refused until its time comes, restart or not.
        var ahead = ManagedCertificates.New(Names, Now.AddDays(100));
        var replaced = ahead.Next(Names, Now, injected: true)!;
        using var leaf = replaced.Leaf.Open();
        using var authority = Authorities(replaced)[0];
        Pki.From(authority).Should().BeBefore(Now);
        Pki.From(leaf).Should().BeBefore(Now);
        replaced.Next(Names, Now, injected: true).Should().BeNull();

        var good = ManagedCertificates.New(Names, Now);
        var leafAhead = good with { Leaf = Pki.NewLeaf(new(good.Bundle, good.AuthorityKey), Names, Now.AddDays(60)) };
        var renewed = leafAhead.Next(Names, Now, injected: true)!;
        renewed.Bundle.Should().Be(good.Bundle);
        using var young = renewed.Leaf.Open();
        Pki.From(young).Should().BeBefore(Now);
    }

    [Fact]
    public void A_leaf_for_other_names_is_renewed_at_once() =>
        ManagedCertificates.New(Names, Now).Next([.. Names, "more.example"], Now, injected: true).Should().NotBeNull();

    [Fact]
    public void A_leaf_of_the_gateway_that_cannot_report_to_the_operator_is_renewed_at_once_and_one_of_the_webhooks_stays()
    {
        var now = ManagedCertificates.New(Names, Now, CertificateUse.Gateway);
        now.Next(Names, Now.AddMinutes(1), injected: true).Should().BeNull();
        var before = now with { Leaf = Pki.NewLeaf(now.Authority, Names, Now, CertificateUse.Gateway with { Identity = null }) };

        var renewed = before.Next(Names, Now.AddMinutes(1), injected: true)!;
        (renewed.Bundle, renewed.AuthorityKey).Should().Be((now.Bundle, now.AuthorityKey), "kubeconfigs contain the authority");
        using var leaf = renewed.Leaf.Open();
        GatewayIdentity.IsIn(leaf).Should().BeTrue();
        leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Select(o => o.Value)
            .Should().BeEquivalentTo("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
        ManagedCertificates.New(Names, Now).Next(Names, Now.AddMinutes(1), injected: true).Should().BeNull();
    }

    [Theory]
    [InlineData("2001:db8:0:0:0:0:0:1")]
    [InlineData("[::1]")]
    [InlineData("münchen.example")]
    [InlineData("Hooks.Example")]
    [InlineData("hooks.example.")]
    [InlineData("a_b.example")]
    public void However_a_name_is_written_its_certificate_is_made_once_and_not_anew_every_ten_seconds(string name)
    {
        BreakGlass.Operator.Options.OptionParser.Parse([$"--webhook-extra-names={name}"], _ => null, out var options).Should().BeEmpty();
        var names = CertificateManager.NamesOf("breakglass-system", options.WebhookExtraNames);
        ManagedCertificates.New(names, Now).Next(names, Now.AddMinutes(1), injected: true).Should().BeNull();
    }

    [Fact]
    public void An_authority_that_cannot_sign_what_is_made_here_is_not_taken()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        var request = new CertificateRequest(
            "CN=by hand", key, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var made = request.CreateSelfSigned(Now.AddDays(-1), Now.AddYears(1));
        var (pem, keyPem) = (made.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        var data = new ManagedCertificates(pem, keyPem, new(pem, keyPem)).Write();

        var next = () => (ManagedCertificates.Read(data) ?? ManagedCertificates.New(Names, Now)).Next(Names, Now, injected: true);
        next.Should().NotThrow();
    }

    [Fact]
    public void A_new_authority_is_trusted_before_it_signs_and_the_old_one_until_its_last_leaf_is_over()
    {
        var start = ManagedCertificates.New(Names, Now);
        var due = Now.AddDays(244);
        var managed = start with { Leaf = Pki.NewLeaf(new(start.Bundle, start.AuthorityKey), Names, due.AddDays(-1)) };

        var both = managed.Next(Names, due, injected: true)!;
        Authorities(both).Should().HaveCount(2);
        both.Bundle.Should().Contain(managed.Bundle.Trim());
        both.Leaf.Should().Be(managed.Leaf, "nobody trusts the new authority yet");
        ManagedCertificates.Read(both.Write()).Should().Be(both);

        both.Next(Names, due.AddSeconds(119), injected: true).Should().BeNull();
        both.Next(Names, due.AddHours(1), injected: false).Should().BeNull("the API server is not known to trust it");
        var signed = both.Next(Names, due.AddMinutes(2), injected: true)!;
        using var leaf = signed.Leaf.Open();
        Pki.IsSignedBy(leaf, Authorities(signed)[0]).Should().BeTrue();
        signed.Bundle.Should().Be(both.Bundle);

        signed.Next(Names, due.AddDays(59), injected: true).Should().BeNull();
        var renewed = signed.Next(Names, due.AddDays(61), injected: true)!;
        renewed.Bundle.Should().Be(both.Bundle);
        var alone = renewed.Next(Names, due.AddDays(90), injected: true)!;
        Authorities(alone).Should().ContainSingle();
        alone.Leaf.Should().Be(renewed.Leaf);
        alone.Next(Names, due.AddDays(90), injected: true).Should().BeNull();
    }

    [Fact]
    public void After_years_of_sleep_everything_is_made_anew_in_a_few_steps()
    {
        var managed = ManagedCertificates.New(Names, Now);
        var late = Now.AddYears(3);
        for (var steps = 0; managed.Next(Names, late, injected: true) is { } next; steps++, managed = next) steps.Should().BeLessThan(5);
        using var leaf = managed.Leaf.Open();
        Pki.Until(leaf).Should().BeAfter(late);
        Pki.IsSignedBy(leaf, Authorities(managed)[0]).Should().BeTrue();
    }

    [Fact]
    public void No_key_is_shown()
    {
        var managed = ManagedCertificates.New(Names, Now);
        $"{managed} {managed.Leaf}".Should().NotContain("PRIVATE");
    }

    private static X509Certificate2Collection Authorities(ManagedCertificates managed)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(managed.Bundle);
        return all;
    }
}
