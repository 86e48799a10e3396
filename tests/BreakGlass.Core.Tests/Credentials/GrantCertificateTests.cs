using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Core.Tests.Credentials;

/// <summary>Any client can send any certificate: what it says of a grant is read, or it says nothing.</summary>
public sealed class GrantCertificateTests
{
    private const string AlternativeNames = "2.5.29.17";
    private static readonly GrantCertificate Grant = new("inc-4711", "5f0c3f7e-2f0b-4f1e-9d43-0a3f4f9b7c11");

    [Fact]
    public void What_is_written_is_read_again_also_beside_other_names()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("somewhere.example");
        names.AddUri(Grant.Uri);
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        Read(names.Build()).Should().Be(Grant);
    }

    [Fact]
    public void Without_alternative_names_it_names_none() => Read().Should().BeNull();

    [Fact]
    public void Without_a_URI_it_names_none()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("inc-4711");
        Read(names.Build()).Should().BeNull();
    }

    [Theory]
    [InlineData("breakglass://grants/inc-4711/uid-1", "breakglass://grants/inc-4711/uid-1")]
    [InlineData("breakglass://grants/inc-4711/uid-1", "breakglass://grants/other/uid-2")]
    [InlineData("breakglass://grants/inc-4711/uid-1", "spiffe://cluster.example/ns/a/sa/b")]
    [InlineData("spiffe://cluster.example/ns/a/sa/b", "breakglass://grants/inc-4711/uid-1")]
    public void With_two_URIs_it_names_none(string first, string second)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new(first));
        names.AddUri(new(second));
        Read(names.Build()).Should().BeNull();
    }

    [Theory]
    [InlineData("breakglass://grants/inc-4711")]
    [InlineData("breakglass://grants/inc-4711/")]
    [InlineData("breakglass://grants//uid-1")]
    [InlineData("breakglass://grants/inc-4711/uid-1/more")]
    [InlineData("breakglass://grant/inc-4711/uid-1")]
    [InlineData("https://grants/inc-4711/uid-1")]
    public void Another_URI_names_none(string uri)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new(uri));
        Read(names.Build()).Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("3003860161")]
    [InlineData("300386FF61")]
    [InlineData("30800000")]
    [InlineData("30058602C3A900")]
    [InlineData("0101FF")]
    public void What_is_not_DER_names_none(string hex) =>
        Read(new X509Extension(AlternativeNames, Convert.FromHexString(hex), critical: false)).Should().BeNull();

    [Fact]
    public void Whatever_the_bytes_are_it_names_none() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(), bytes => Read(new X509Extension(AlternativeNames, bytes, critical: false)) is null).QuickCheckThrowOnFailure();

    [Fact]
    public void A_mebibyte_of_names_is_read()
    {
        var names = new SubjectAlternativeNameBuilder();
        for (var i = 0; i < 4096; i++) names.AddDnsName($"{new string('a', 60)}.{new string('b', 60)}.{new string('c', 60)}.{new string('d', 60)}.x{i}");
        names.AddUri(Grant.Uri);
        Read(names.Build()).Should().Be(Grant);
    }

    private static GrantCertificate? Read(params X509Extension[] extensions)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=inc-4711", key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions) request.CertificateExtensions.Add(extension);
        var now = DateTimeOffset.UnixEpoch.AddYears(56);
        using var certificate = request.CreateSelfSigned(now, now.AddHours(1));
        return GrantCertificate.Read(certificate);
    }
}
