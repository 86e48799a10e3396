using System.Security.Cryptography;
using System.Text.Json;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Kube.Client;
using Xunit;

namespace BreakGlass.Core.Tests.Credentials;

public sealed class RecipientKeyTests
{
    // RFC 7517 appendix A.1.
    private static readonly JsonWebKey Ec = new()
    {
        Kty = "EC",
        Crv = "P-256",
        X = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        Y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        Use = "enc",
        Kid = "1",
    };

    private static readonly JsonWebKey Rsa = new()
    {
        Kty = "RSA",
        N =
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        E = "AQAB",
        Kid = "2011-04-29",
    };

    [Fact]
    public void Takes_the_public_keys_of_RFC_7517()
    {
        Good(Ec).Should().Match<RecipientKey>(key => key.Algorithm == "ECDH-ES" && key.KeyId == "1");
        Good(Rsa).Should().Match<RecipientKey>(key => key.Algorithm == "RSA-OAEP-256" && key.KeyId == "2011-04-29");
        Good(Rsa with { Alg = "RSA-OAEP-256", Use = "enc", Kid = null }).KeyId.Should().BeNull();
    }

    [Fact]
    public void A_zero_octet_in_front_of_the_modulus_is_overlooked()
    {
        Base64UrlText.TryDecode(Rsa.N, out var n).Should().BeTrue();
        Good(Rsa with { N = Base64UrlText.Encode([0, .. n]) }).Rsa.Modulus.Should().Equal(n);
    }

    [Fact]
    public void What_it_describes_it_reads_back()
    {
        using var ec = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        Good(RecipientKey.PublicJwk(ec, "mine")).Ec.Q.X.Should().Equal(ec.ExportParameters(includePrivateParameters: false).Q.X);
        Good(RecipientKey.PublicJwk(rsa, null)).Rsa.Modulus.Should().Equal(rsa.ExportParameters(includePrivateParameters: false).Modulus);
        RecipientKey.PublicJwk(rsa, null).D.Should().BeNull();
    }

    [Fact]
    public void Private_keys_are_refused_and_the_answer_says_to_make_a_new_one()
    {
        JsonWebKey[] leaks = [Ec with { D = "x" }, Rsa with { D = "x" }, Rsa with { P = "x" }, Rsa with { Q = "x" }, Rsa with { Dp = "x" },
            Rsa with { Dq = "x" }, Rsa with { Qi = "" }];
        foreach (var leak in leaks)
        {
            Bad(leak).Should().Contain("this contains a private key; send only the public part").And.Contain("Create a new key");
        }
    }

    [Fact]
    public void Symmetric_keys_are_refused()
    {
        Bad(new JsonWebKey { Kty = "oct", K = "c2VjcmV0" }).Should().Contain("symmetric").And.NotContain("c2VjcmV0");
        Bad(new JsonWebKey { K = "c2VjcmV0" }).Should().Contain("symmetric");
    }

    [Fact]
    public void Each_mistake_is_answered_with_its_field_and_its_cure()
    {
        (JsonWebKey Key, string[] Says)[] cases =
        [
            (new(), ["spec.recipientKey.kty is missing", "RSA or EC"]),
            (Ec with { Kty = "OKP" }, ["spec.recipientKey.kty is \"OKP\"", "2048"]),
            (Ec with { Kty = "rsa" }, ["spec.recipientKey.kty"]),
            (Ec with { Use = "sig" }, ["spec.recipientKey.use is \"sig\"", "enc"]),
            (Ec with { Alg = "ES256" }, ["spec.recipientKey.alg is \"ES256\"", "ECDH-ES"]),
            (Rsa with { Alg = "RSA-OAEP" }, ["spec.recipientKey.alg is \"RSA-OAEP\"", "RSA-OAEP-256"]),
            (Rsa with { N = null }, ["spec.recipientKey.n is missing", "in quotes"]),
            (Rsa with { E = "" }, ["spec.recipientKey.e is missing"]),
            (Rsa with { N = Rsa.N + "==" }, ["spec.recipientKey.n is not base64url"]),
            (Rsa with { N = Rsa.N!.Replace('_', '/') }, ["spec.recipientKey.n is not base64url"]),
            (Rsa with { N = " " + Rsa.N }, ["spec.recipientKey.n is not base64url"]),
            (Rsa with { N = Odd(128) }, ["spec.recipientKey.n has 1024 bits", "at least 2048"]),
            (Rsa with { N = Odd(1025) }, ["spec.recipientKey.n has 8200 bits", "at most 8192"]),
            (Rsa with { N = Base64UrlText.Encode([.. Enumerable.Repeat((byte)0xfe, 256)]) }, ["spec.recipientKey.n is even"]),
            (Rsa with { N = Odd(7000) }, ["too long", "8192"]),
            (Rsa with { Kid = new string('k', 257) }, ["spec.recipientKey.kid is too long"]),
            (Rsa with { E = "AQ" }, ["spec.recipientKey.e", "AQAB"]),
            (Rsa with { E = "Aw" }, ["spec.recipientKey.e", "AQAB"]),
            (Rsa with { E = "AQAA" }, ["spec.recipientKey.e", "AQAB"]),
            (Rsa with { E = Odd(8) }, ["spec.recipientKey.e", "AQAB"]),
            (Ec with { Crv = null }, ["spec.recipientKey.crv is missing", "P-256"]),
            (Ec with { Crv = "P-521" }, ["spec.recipientKey.crv is \"P-521\"", "P-256"]),
            (Ec with { Crv = "secp256k1" }, ["spec.recipientKey.crv", "P-256"]),
            (Ec with { X = null }, ["spec.recipientKey.x is missing"]),
            (Ec with { Y = Odd(31) }, ["spec.recipientKey.y has 31 bytes", "32"]),
            (Ec with { X = Ec.Y, Y = Ec.X }, ["not a point on the curve"]),
            (Ec with { X = Odd(32) }, ["not a point on the curve"]),
            (Ec with { X = Base64UrlText.Encode(new byte[32]), Y = Base64UrlText.Encode(new byte[32]) }, ["not a point on the curve"]),
        ];
        foreach (var (key, says) in cases) Bad(key).Should().ContainAll(says);
    }

    [Fact]
    public void A_coordinate_past_the_field_is_refused_though_it_is_congruent_to_one_on_the_curve()
    {
        // (5, y) is on P-256 and so is (5 + p, y) to a check that only reduces; 5 + p still fits 32 bytes.
        const string Y = "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
        const string FivePlusP = "ffffffff00000001000000000000000000000001000000000000000000000004";
        var y = Base64UrlText.Encode(Convert.FromHexString(Y));
        Good(Ec with { X = Base64UrlText.Encode([.. new byte[31], 5]), Y = y });
        Bad(Ec with { X = Base64UrlText.Encode(Convert.FromHexString(FivePlusP)), Y = y }).Should().Contain("not a point on the curve");
    }

    [Fact]
    public void No_message_repeats_key_material()
    {
        const string Material = "hB0pEn_seCret-material_0123456789";
        JsonWebKey[] keys =
        [
            Ec with { D = Material }, Rsa with { N = Material }, Rsa with { E = Material }, Ec with { X = Material }, Ec with { Y = Material },
            Rsa with { N = Material + "=" }, new() { Kty = "RSA", K = Material }, new() { Kty = "RSA", D = Material },
        ];
        foreach (var key in keys)
        {
            Bad(key).Should().NotContain(Material);
            key.ToString().Should().NotContain(Material);
        }
    }

    [Fact]
    public void The_JSON_names_are_those_of_the_RFC()
    {
        const string Json =
            """{"spec":{"recipientKey":"""
                + """{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"}}}""";
        JsonSerializer.Deserialize(Json, KubeKinds.Of<BreakGlassGrant>().Json)!.Spec.RecipientKey.Should().Be(Ec);
    }

    [Fact]
    public void No_key_makes_it_throw() =>
        Prop.ForAll(
            (from kty in Text("RSA", "EC", "oct") from n in Text(Rsa.N!) from e in Text("AQAB") from crv in Text("P-256") from x in Text(Ec.X!)
                from y in Text(Ec.Y!)
             select new JsonWebKey { Kty = kty, N = n, E = e, Crv = crv, X = x, Y = y }).ToArbitrary(),
            jwk => RecipientKey.TryParse(jwk, out var key, out var error) ? key is not null : error.Contains("spec.recipientKey", StringComparison.Ordinal))
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("AB")]
    [InlineData("AAB")]
    [InlineData("A")]
    public void Base64url_whose_last_character_has_bits_that_stand_for_nothing_is_refused_and_does_not_throw(string text) =>
        Bad(new JsonWebKey { Kty = "RSA", N = text, E = "AQAB" }).Should().StartWith("spec.recipientKey.n");

    private static Gen<string?> Text(params string[] good) =>
        Gen.Frequency((4, Gen.Elements<string?>(good)), (1, Gen.Constant<string?>(null)), (1, ArbMap.Default.GeneratorFor<string?>()));

    private static string Odd(int bytes) => Base64UrlText.Encode([.. Enumerable.Repeat((byte)0xff, bytes)]);

    private static RecipientKey Good(JsonWebKey jwk)
    {
        RecipientKey.TryParse(jwk, out var key, out var error).Should().BeTrue(error);
        return key!;
    }

    private static string Bad(JsonWebKey jwk)
    {
        RecipientKey.TryParse(jwk, out _, out var error).Should().BeFalse();
        return error!;
    }
}
