using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Core.Tests.Credentials;

public sealed class JweTests
{
    // Made once: a new RSA key takes longer than all that is done with it here.
    private static readonly RSA Rsa = RSA.Create(2048);
    private static readonly ECDiffieHellman Ec = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public void The_key_derivation_gives_the_key_of_RFC_7518_appendix_C()
    {
        byte[] secret =
        [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156,
            251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        Base64UrlText.Encode(Jwe.ConcatKdf(secret, "A128GCM", "Alice"u8, "Bob"u8, keySize: 16)).Should().Be("VqqN6vgjbSBcIijNcacQGg");
    }

    [Fact]
    public void The_agreement_gives_the_key_of_RFC_7518_appendix_C()
    {
        using var bob = Ecdh(
            "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck", "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
        using var alice = Ecdh(
            "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps", "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo");
        using var bobPublic = bob.PublicKey;
        Base64UrlText.Encode(Jwe.ConcatKdf(alice.DeriveRawSecretAgreement(bobPublic), "A128GCM", "Alice"u8, "Bob"u8, keySize: 16))
            .Should().Be("VqqN6vgjbSBcIijNcacQGg");
    }

    [Fact]
    public void What_is_encrypted_its_recipient_reads() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), content =>
        {
            Jwe.Decrypt(Jwe.Encrypt(content, EcKey(), null), Ec).Should().Equal(content);
            Jwe.Decrypt(Jwe.Encrypt(content, RsaKey(), null), Rsa).Should().Equal(content);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_header_names_algorithm_key_and_content()
    {
        var header = Header(Jwe.Encrypt("x"u8, EcKey("laptop"), "application/yaml"));
        header["alg"]!.GetValue<string>().Should().Be("ECDH-ES");
        header["enc"]!.GetValue<string>().Should().Be("A256GCM");
        header["kid"]!.GetValue<string>().Should().Be("laptop");
        header["cty"]!.GetValue<string>().Should().Be("yaml");
        header["epk"]!.AsObject().Select(member => member.Key).Should().Equal("kty", "crv", "x", "y");

        header = Header(Jwe.Encrypt("x"u8, RsaKey(), null));
        header.Select(member => member.Key).Should().Equal("alg", "enc");
        header["alg"]!.GetValue<string>().Should().Be("RSA-OAEP-256");
    }

    [Fact]
    public void The_same_content_never_looks_the_same_twice()
    {
        var texts = Enumerable.Range(0, 20).SelectMany(_ => new[] { Jwe.Encrypt("token"u8, EcKey(), null), Jwe.Encrypt("token"u8, RsaKey(), null) }).ToList();
        for (var part = 2; part < 5; part++) texts.Select(text => text.Split('.')[part]).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Any_single_change_is_noticed()
    {
        foreach (var text in new[] { Jwe.Encrypt("a token"u8, EcKey(), null), Jwe.Encrypt("a token"u8, RsaKey(), null) })
        {
            var parts = text.Split('.');
            for (var part = 0; part < 5; part++)
            {
                if (parts[part].Length == 0) continue;
                Base64UrlText.TryDecode(parts[part], out var bytes).Should().BeTrue();
                foreach (var at in new[] { 0, bytes.Length / 2, bytes.Length - 1 })
                {
                    var changed = bytes.ToArray();
                    changed[at] ^= 1;
                    var mutant = string.Join('.', parts.Select((old, i) => i == part ? Base64UrlText.Encode(changed) : old));
                    var decrypt = () => parts[1].Length == 0 ? Jwe.Decrypt(mutant, Ec) : Jwe.Decrypt(mutant, Rsa);
                    decrypt.Should().Throw<CryptographicException>();
                }
            }
        }
    }

    [Fact]
    public void Another_key_reads_nothing_and_is_told_so()
    {
        using var otherEc = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var otherRsa = RSA.Create(2048);
        var forEc = Jwe.Encrypt("token"u8, EcKey(), null);
        var forRsa = Jwe.Encrypt("token"u8, RsaKey(), null);
        new Action(() => Jwe.Decrypt(forEc, otherEc)).Should().Throw<CryptographicException>().WithMessage("*another key*");
        new Action(() => Jwe.Decrypt(forRsa, otherRsa)).Should().Throw<CryptographicException>().WithMessage("*another key*");
        new Action(() => Jwe.Decrypt(forEc, Rsa)).Should().Throw<CryptographicException>().WithMessage("*does not use the algorithms*");
        new Action(() => Jwe.Decrypt(forRsa, Ec)).Should().Throw<CryptographicException>().WithMessage("*does not use the algorithms*");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b.c")]
    [InlineData("....")]
    [InlineData("e30.....")]
    [InlineData("e30=....")]
    [InlineData("e30....")]
    [InlineData("W10....")]
    [InlineData("bm90IGpzb24....")]
    public void What_is_no_JWE_is_refused_in_words(string text) =>
        new Action(() => Jwe.Decrypt(text, Ec)).Should().Throw<CryptographicException>().WithMessage("*JWE*");

    [Theory]
    [InlineData("""{"alg":"ECDH-ES","enc":"A256GCM","zip":"DEF"}""", "*compression*")]
    [InlineData("""{"alg":"ECDH-ES","enc":"A256GCM","crit":["x"],"x":1}""", "*extension*")]
    [InlineData("""{"alg":"ECDH-ES","alg":"RSA-OAEP-256","enc":"A256GCM"}""", "*malformed*")]
    [InlineData("""{"alg":"dir","enc":"A256GCM"}""", "*does not use the algorithms*")]
    [InlineData("""{"alg":"ECDH-ES","enc":"A128CBC-HS256"}""", "*does not use the algorithms*")]
    [InlineData("""{"alg":"ECDH-ES","enc":"A256GCM"}""", "*epk*")]
    [InlineData(
        """{"alg":"ECDH-ES","enc":"A256GCM","epk":"""
            + """{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}""", "*epk*")]
    [InlineData("""{"alg":"ECDH-ES","enc":"A256GCM","epk":7,"apu":"="}""", "*apu*")]
    public void Headers_that_ask_for_what_is_not_done_here_are_refused(string header, string message)
    {
        var text = $"{Base64UrlText.Encode(Encoding.UTF8.GetBytes(header))}..{Base64UrlText.Encode(new byte[12])}.AAAA.{Base64UrlText.Encode(new byte[16])}";
        new Action(() => Jwe.Decrypt(text, Ec)).Should().Throw<CryptographicException>().WithMessage(message);
    }

    private static ECDiffieHellman Ecdh(string x, string y, string d)
    {
        static byte[] Bytes(string text) => Base64UrlText.TryDecode(text, out var bytes) ? bytes : throw new FormatException(text);
        return ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Bytes(x), Y = Bytes(y) }, D = Bytes(d) });
    }

    private static JsonObject Header(string jwe)
    {
        Base64UrlText.TryDecode(jwe.Split('.')[0], out var bytes).Should().BeTrue();
        return JsonNode.Parse(bytes)!.AsObject();
    }

    private static RecipientKey Parse(JsonWebKey jwk) => RecipientKey.TryParse(jwk, out var key, out var error) ? key : throw new FormatException(error);

    private static RecipientKey EcKey(string? name = null) => Parse(RecipientKey.PublicJwk(Ec, name));

    private static RecipientKey RsaKey(string? name = null) => Parse(RecipientKey.PublicJwk(Rsa, name));
}
