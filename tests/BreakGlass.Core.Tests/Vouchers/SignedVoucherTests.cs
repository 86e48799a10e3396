using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Vouchers;

public sealed class SignedVoucherTests : IDisposable
{
    private readonly OfflineDesk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Fact]
    public void What_was_signed_is_read_with_all_its_claims()
    {
        var claims = _desk.Voucher(v => v with { Access = ["payments", "logs"], Namespaces = ["payments"], Person = "oidc:aliçe@example.com" });
        var read = OfflineDesk.Read(_desk.Issue(_ => claims));
        read.Claims.Should().BeEquivalentTo(claims);
        read.SignedBy(_desk.Keys).Should().Equal("first");
        read.Kids.Should().Equal("first");
    }

    [Fact]
    public void Several_keys_sign_one_after_the_other()
    {
        var one = OfflineDesk.Read(_desk.Issue(by: [_desk.Second]));
        var three = OfflineDesk.Read(_desk.Issue(by: [_desk.First, _desk.Second, _desk.Third]));
        one.SignedBy(_desk.Keys).Should().Equal("second");
        three.SignedBy(_desk.Keys).Should().Equal("first", "second", "third");
        three.SignedBy([_desk.Second.PublicKey]).Should().Equal(["second"], "only the keys of the authority count");
        three.Claims.Should().BeEquivalentTo(one.Claims);
        three.Hash.Should().NotBe(one.Hash, "the hash is that of the exact text");
    }

    [Fact]
    public void Any_voucher_that_can_be_signed_reads_back_the_same() =>
        Prop.ForAll(Vouchers(), v =>
        {
            var read = OfflineDesk.Read(_desk.Issue(_ => v, [_desk.Second, _desk.First]));
            read.Claims.Should().BeEquivalentTo(v);
            read.SignedBy(_desk.Keys).Should().Equal("second", "first");
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_single_bit_change_is_refused()
    {
        foreach (var text in new[] { _desk.Issue(), _desk.Issue(by: [_desk.Second]), _desk.Issue(by: [_desk.First, _desk.Second]) })
        {
            var (required, proof) = (OfflineDesk.Read(text).Kids.Count, _desk.Prove(text, "inc-1", A.Start));
            var bytes = Encoding.ASCII.GetBytes(text);
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                var changed = SignedVoucher.TryRead(Encoding.Latin1.GetString(bytes), out _);
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                if (changed is null) continue;
                changed.SignedBy(_desk.Keys).Count.Should().BeLessThan(required, $"bit {bit} of {text}");
                VoucherProof.Problem(proof, changed, "inc-1", A.Start).Should().NotBeNull();
            }
        }
    }

    [Fact]
    public void A_key_of_another_authority_does_not_count_although_it_has_the_same_name()
    {
        using var other = new OfflineDesk();
        OfflineDesk.Read(other.Issue()).SignedBy(_desk.Keys).Should().BeEmpty();
        OfflineDesk.Read(other.Issue(by: [other.First, other.Second])).SignedBy([_desk.First.PublicKey, other.Second.PublicKey]).Should().Equal("second");
    }

    [Fact]
    public void A_key_with_two_names_counts_once()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var once = VoucherKey.Of(ECDsa.Create(pair.ExportParameters(includePrivateParameters: true)), "once");
        using var again = VoucherKey.Of(ECDsa.Create(pair.ExportParameters(includePrivateParameters: true)), "again");
        OfflineDesk.Read(_desk.Issue(by: [once, again])).SignedBy([once.PublicKey, again.PublicKey]).Should().Equal("once");
        AuthorityKeys.AreSame(once.PublicKey, again.PublicKey).Should().BeTrue();
        AuthorityKeys.AreSame(once.PublicKey, _desk.First.PublicKey).Should().BeFalse();
    }

    [Fact]
    public void A_key_does_not_sign_twice()
    {
        var twice = FluentActions.Invoking(() => _desk.Issue(by: [_desk.First, _desk.First])).Should().Throw<ArgumentException>();
        twice.WithMessage("the voucher has two signatures of one key; each key can sign once*");
    }

    [Fact]
    public void A_key_counts_only_with_its_own_algorithm()
    {
        var (header, payload) = (RawJws.Header.Replace("ES256", "EdDSA", StringComparison.Ordinal), Payload());
        var read = OfflineDesk.Read(RawJws.Compact(header, payload));
        read.SignedBy([RawKey()]).Should().BeEmpty("the key is for ES256");
        OfflineDesk.Read(RawJws.Compact(RawJws.Header, payload)).SignedBy([RawKey()]).Should().Equal(["raw"], "that is the right one");
    }

    [Fact]
    public void A_signature_of_zeros_is_not_one()
    {
        var input = $"{RawJws.Url(RawJws.Header)}.{RawJws.Url(Payload())}";
        OfflineDesk.Read($"{input}.{RawJws.Url(new byte[64])}").SignedBy([RawKey()]).Should().BeEmpty();
        var header = RawJws.Header.Replace("ES256", "EdDSA", StringComparison.Ordinal).Replace("raw", "second", StringComparison.Ordinal);
        OfflineDesk.Read($"{RawJws.Url(header)}.{RawJws.Url(Payload())}.{RawJws.Url(new byte[64])}").SignedBy(_desk.Keys).Should().BeEmpty();
    }

    [Theory]
    [InlineData("""{"alg":"none","kid":"raw","typ":"breakglass-voucher+jwt"}""", "alg is not ES256 or EdDSA")]
    [InlineData("""{"alg":"None","kid":"raw","typ":"breakglass-voucher+jwt"}""", "alg is not ES256 or EdDSA")]
    [InlineData("""{"alg":"RS256","kid":"raw","typ":"breakglass-voucher+jwt"}""", "alg is not ES256 or EdDSA")]
    [InlineData("""{"alg":"ES384","kid":"raw","typ":"breakglass-voucher+jwt"}""", "alg is not ES256 or EdDSA")]
    [InlineData("""{"alg":["ES256"],"kid":"raw","typ":"breakglass-voucher+jwt"}""", "alg is not ES256 or EdDSA")]
    [InlineData("""{"kid":"raw","typ":"breakglass-voucher+jwt"}""", "alg is missing")]
    [InlineData("""{"alg":"ES256","typ":"breakglass-voucher+jwt"}""", "kid is missing")]
    [InlineData("""{"alg":"ES256","kid":"","typ":"breakglass-voucher+jwt"}""", "kid is not the name of a key")]
    [InlineData("""{"alg":"ES256","kid":7,"typ":"breakglass-voucher+jwt"}""", "kid is not the name of a key")]
    [InlineData("""{"alg":"ES256","kid":"../raw","typ":"breakglass-voucher+jwt"}""", "kid is not the name of a key")]
    [InlineData("""{"alg":"ES256","kid":"raw"}""", "typ is missing")]
    [InlineData("""{"alg":"ES256","kid":"raw","typ":"JWT"}""", "typ is not \"breakglass-voucher+jwt\"")]
    [InlineData("""{"alg":"ES256","kid":"raw","typ":"breakglass-voucher-proof+jwt"}""", "typ is not")]
    [InlineData("""{"alg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt","crit":["exp"],"exp":1}""", "an extension is required (crit)")]
    [InlineData("""{"alg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt","b64":false}""", "a member that is not supported")]
    [InlineData("""{"alg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt","jwk":{}}""", "a member that is not supported")]
    [InlineData("""{"alg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt","x5u":"https://example.com"}""", "a member that is not supported")]
    [InlineData("""{"alg":"none","alg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt"}""", "a member appears twice")]
    [InlineData("""{"alg":"none","\u0061lg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt"}""", "a member appears twice")]
    [InlineData("""{"alg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt"} {}""", "not valid JSON")]
    [InlineData("""["alg"]""", "not a JSON object")]
    [InlineData("null", "not a JSON object")]
    [InlineData("", "not valid JSON")]
    public void A_header_that_is_not_exactly_as_it_has_to_be_is_refused(string header, string problem) =>
        Refused(RawJws.Compact(header, Payload()), problem);

    [Fact]
    public void A_public_key_does_not_serve_as_a_secret()
    {
        var header = RawJws.Header.Replace("ES256", "HS256", StringComparison.Ordinal);
        var input = $"{RawJws.Url(header)}.{RawJws.Url(Payload())}";
        foreach (var secret in new[] { RawJws.Key.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(RawJws.Key.ExportSubjectPublicKeyInfoPem()) })
            Refused($"{input}.{RawJws.Url(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(input)))}", "alg is not ES256 or EdDSA");
    }

    public static TheoryData<string, string, string> BadClaims => new()
    {
        { "\"jti\":\"v-1\"", "\"jti\":\"\"", "jti is not an id" },
        { "\"jti\":\"v-1\"", "\"jti\":\"a b\"", "jti is not an id" },
        { "\"jti\":\"v-1\"", $"\"jti\":\"{new string('a', 65)}\"", "jti is not an id" },
        { "\"jti\":\"v-1\",", "", "jti is missing" },
        { "\"jti\":\"v-1\"", "\"jti\":\"v-1\",\"jti\":\"v-2\"", "a member appears twice" },
        { "\"jti\":\"v-1\"", "\"jti\":\"v-1\",\"admin\":true", "a member that is not supported" },
        { "\"iss\":\"offline-2026\"", "\"iss\":\"Offline\"", "iss is not the name of an object" },
        { "\"iss\":\"offline-2026\"", "\"iss\":null", "iss is not the name of an object" },
        { "\"aud\":\"4b1d9f4e-3f51-4c55-9f5c-1d3c4f2f7a10\"", "\"aud\":[\"4b1d9f4e-3f51-4c55-9f5c-1d3c4f2f7a10\"]", "aud is not the UID" },
        { "\"sub\":\"alice\"", "\"sub\":\"\"", "sub is not a user name" },
        { "\"sub\":\"alice\"", "\"sub\":\"alice \"", "sub is not a user name" },
        { "\"sub\":\"alice\"", "\"sub\":\"alice\\u0000\"", "sub is not a user name" },
        { "\"sub\":\"alice\"", "\"sub\":\"ali\\u202ece\"", "sub is not a user name" },
        { "\"sub\":\"alice\"", "\"sub\":\"\\ud800\"", "sub is not a user name" },
        { "\"sub\":\"alice\"", $"\"sub\":\"{new string('a', 257)}\"", "sub is not a user name" },
        { "\"policy\":\"payments-oncall\"", "\"policy\":\"a/b\"", "policy is not the name of an object" },
        { "\"policy\":\"payments-oncall\"", $"\"policy\":\"{new string('a', 64)}\"", "policy is not the name of an object" },
        { "\"policy\":\"payments-oncall\"", "\"policy\":\"p\",\"access\":[]", "access is not a list of 1 to 16 items" },
        { "\"policy\":\"payments-oncall\"", "\"policy\":\"p\",\"access\":\"payments\"", "access is not a list of 1 to 16 items" },
        { "\"policy\":\"payments-oncall\"", "\"policy\":\"p\",\"access\":[\"a\",\"a\"]", "access names something twice" },
        { "\"policy\":\"payments-oncall\"", "\"policy\":\"p\",\"access\":[\"a\",7]", "access is not a list of names" },
        { "\"policy\":\"payments-oncall\"", "\"policy\":\"p\",\"namespaces\":[\"kube system\"]", "namespaces is not a list of names" },
        { "\"policy\":\"payments-oncall\"", $"\"policy\":\"p\",\"namespaces\":[{string.Join(',', Enumerable.Range(0, 65).Select(i => $"\"n{i}\""))}]",
            "namespaces is not a list of 1 to 64 items" },
        { "\"policy\":\"payments-oncall\"", "\"policy\":\"p\",\"access\":null", "access is not a list of 1 to 16 items" },
        { "\"max_duration\":\"30m\"", "\"max_duration\":\"0s\"", "max_duration is not a duration" },
        { "\"max_duration\":\"30m\"", "\"max_duration\":\"-30m\"", "max_duration is not a duration" },
        { "\"max_duration\":\"30m\"", "\"max_duration\":\"12h1s\"", "max_duration is not a duration" },
        { "\"max_duration\":\"30m\"", "\"max_duration\":\"1.5s\"", "max_duration is not a duration" },
        { "\"max_duration\":\"30m\"", "\"max_duration\":1800", "max_duration is not a duration" },
        { "\"iat\":1795222923", "\"iat\":1795222923.0", "iat is not a time in whole seconds" },
        { "\"iat\":1795222923", "\"iat\":1.7e9", "iat is not a time in whole seconds" },
        { "\"iat\":1795222923", "\"iat\":\"1795222923\"", "iat is not a time in whole seconds" },
        { "\"iat\":1795222923", "\"iat\":-1", "iat is not a time in whole seconds" },
        { "\"iat\":1795222923", "\"iat\":0", "iat is not a time in whole seconds" },
        { "\"iat\":1795222923", "\"iat\":99999999999999999999", "iat is not a time in whole seconds" },
        { "\"iat\":1795222923", "\"iat\":253402300799", "iat is not before exp" },
        { "\"nbf\":1795222923", "\"nbf\":253402300799", "nbf is not before exp" },
        { "\"exp\":1802998923", "\"exp\":1795222923", "nbf is not before exp" },
        { "\"exp\":1802998923", "\"exp\":9223372036854775807", "exp is not a time in whole seconds" },
        { "\"cnf\":{\"jwk\"", "\"cnf\":{\"kid\"", "a member that is not supported" },
        { "\"kty\":\"EC\"", "\"kty\":\"RSA\"", "kty is not EC" },
        { "\"kty\":\"EC\"", "\"kty\":\"EC\",\"d\":\"AAAA\"", "a member that is not supported" },
        { "\"crv\":\"P-256\"", "\"crv\":\"P-384\"", "crv is not P-256" },
        { "\"crv\":\"P-256\",", "", "crv is missing" },
        { "\"x\":\"", "\"x\":\"A", "x is not 32 bytes as base64url" },
        { "\"y\":\"", "\"z\":\"", "a member that is not supported" },
    };

    [Theory]
    [MemberData(nameof(BadClaims))]
    public void Claims_that_are_not_exactly_as_they_have_to_be_are_refused(string right, string wrong, string problem)
    {
        var payload = Payload();
        payload.Should().Contain(right);
        Refused(RawJws.Compact(RawJws.Header, payload.Replace(right, wrong, StringComparison.Ordinal)), problem);
    }

    [Fact]
    public void A_holders_key_that_is_not_on_the_curve_is_refused()
    {
        var key = _desk.Voucher().HolderKey;
        Refused(RawJws.Compact(RawJws.Header, Payload().Replace(key.X!, key.Y!, StringComparison.Ordinal)), "not a public key on the curve P-256");
    }

    [Fact]
    public void Bytes_that_are_not_text_are_refused()
    {
        var payload = Encoding.UTF8.GetBytes(Payload());
        var at = payload.AsSpan().IndexOf("alice"u8);
        payload[at] = 0xff;
        Refused(RawJws.Compact(Encoding.UTF8.GetBytes(RawJws.Header), payload), "the voucher, claims");
        Refused(RawJws.Compact([0xff, 0xfe], [0x00]), "not valid JSON");
    }

    [Fact]
    public void Only_the_exact_serializations_are_read()
    {
        var compact = _desk.Issue();
        var parts = compact.Split('.');
        string General(string signatures, string more = "") => $$"""{"payload":"{{parts[1]}}","signatures":[{{signatures}}]{{more}}}""";
        var signature = $$"""{"protected":"{{parts[0]}}","signature":"{{parts[2]}}"}""";
        OfflineDesk.Read(General(signature)).SignedBy(_desk.Keys).Should().Equal("first");

        Refused(null, "1 to 8192");
        Refused("", "1 to 8192");
        Refused(new string('a', 1024 * 1024), "1 to 8192");
        Refused("{" + new string('[', 4000) + "}", "not valid JSON");
        Refused(compact + "ä", "1 to 8192");
        Refused(compact + "\n", "base64url");
        Refused(" " + compact, "base64url");
        Refused(compact + "=", "base64url");
        Refused(compact + ".", "three base64url parts");
        Refused($"{parts[0]}.{parts[1]}", "three base64url parts");
        Refused($"{parts[0]}.{parts[1]}.", "64 bytes");
        Refused($"{parts[0]}..{parts[2]}", "not valid JSON");
        Refused($"{parts[0]}.{parts[1]}.{parts[2]}AA", "64 bytes");
        Refused(General("""{"\ud800":1}"""), "not valid JSON");
        Refused(General(""), "signatures is not a list of 1 to 8 items");
        Refused(General(string.Join(',', Enumerable.Repeat(signature, 9))), "signatures is not a list of 1 to 8 items");
        Refused(General($"{signature},{signature}"), "two signatures of one key");
        Refused(General($$"""{"protected":"{{parts[0]}}","header":{"kid":"first"},"signature":"{{parts[2]}}"}"""), "a member that is not supported");
        Refused(General($$"""{"header":{"alg":"ES256","kid":"first"},"signature":"{{parts[2]}}"}"""), "a member that is not supported");
        Refused(General($$"""{"signature":"{{parts[2]}}"}"""), "protected is missing");
        Refused(General(signature, $$""","payload":"{{parts[1]}}" """), "a member appears twice");
        Refused(General(signature, ""","extra":1"""), "a member that is not supported");
        Refused(General(signature) + "\n", "not a signed text");
        Refused($$"""{"payload":"{{parts[1]}}","protected":"{{parts[0]}}","signature":"{{parts[2]}}"}""", "a member that is not supported");
    }

    [Fact]
    public void Base64url_is_read_in_its_one_form_only()
    {
        // 64 bytes are 86 characters, and the last one has four bits that stand for nothing.
        var compact = _desk.Issue();
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        Refused(compact[..^1] + Alphabet[Alphabet.IndexOf(compact[^1], StringComparison.Ordinal) + 1], "base64url");
    }

    [Fact]
    public void No_problem_repeats_what_was_sent()
    {
        foreach (var (_, wrong, _) in BadClaims.Select(row => ((string)row[0], (string)row[1], (string)row[2])))
        {
            SignedVoucher.TryRead(RawJws.Compact(RawJws.Header, $$"""{"s3cret":"s3cret",{{wrong}}}"""), out var problem).Should().BeNull();
            problem.Should().NotContain("s3cret").And.NotEndWith(".");
        }
    }

    [Fact]
    public void Times_are_judged_with_two_minutes_for_clocks_but_the_end_is_exact()
    {
        var voucher = _desk.Voucher(v => v with { IssuedAt = A.Start, NotBefore = A.Start.AddHours(1), Expires = A.Start.AddHours(2) });
        voucher.TimeProblem(A.Start.AddMinutes(57)).Should().Contain("is valid from");
        voucher.TimeProblem(A.Start.AddMinutes(58)).Should().BeNull();
        voucher.TimeProblem(A.Start.AddHours(2).AddSeconds(-1)).Should().BeNull();
        voucher.TimeProblem(A.Start.AddHours(2)).Should().Contain("expired");
        (voucher with { NotBefore = A.Start }).TimeProblem(A.Start.AddMinutes(-2)).Should().BeNull();
        (voucher with { NotBefore = A.Start.AddDays(-1) }).TimeProblem(A.Start.AddMinutes(-3)).Should().Contain("in the future");
    }

    [Theory]
    [InlineData("EC", "P-256", true)]
    [InlineData("OKP", "Ed25519", false)]
    public void The_keys_of_an_authority_are_checked(string kty, string crv, bool hasY)
    {
        var key = hasY ? _desk.First.PublicKey : _desk.Second.PublicKey;
        key.Should().Match<AuthorityKey>(k => k.Kty == kty && k.Crv == crv && (k.Y != null) == hasY);
        AuthorityKeys.Problem(key).Should().BeNull();
        foreach (var wrong in (AuthorityKey[])[
            key with { Kid = "" }, key with { Kid = "a b" }, key with { Kty = "RSA" }, key with { Crv = "P-384" }, key with { X = "" },
            key with { X = key.X + "A" },
            key with { Y = hasY ? null : _desk.First.PublicKey.Y }, key with { X = RawJws.Url(new byte[32]), Y = hasY ? RawJws.Url(new byte[32]) : null }])
        {
            AuthorityKeys.Problem(wrong).Should().NotBeNullOrEmpty();
        }
    }

    [Fact]
    public void A_key_without_a_name_is_named_by_its_thumbprint()
    {
        // The key of RFC 8037 appendix A.3, whose thumbprint is kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k.
        using var key = VoucherKey.OfEd25519(Convert.FromHexString("9D61B19DEFFD5A60BA844AF492EC2CC44449C5697B326919703BAC031CAE7F60"));
        key.PublicKey.X.Should().Be("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        Base64UrlText.TryDecode("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", out var thumbprint).Should().BeTrue();
        key.Kid.Should().Be(Convert.ToHexStringLower(thumbprint)[..16]);
    }

    private static Arbitrary<Voucher> Vouchers()
    {
        var letter = Gen.Elements("abcdefghijklmnopqrstuvwxyz0123456789".ToCharArray());
        var label = Gen.Choose(1, 63).SelectMany(n => letter.ArrayOf(n)).Select(c => new string(c));
        var labels = Gen.Choose(0, 8).SelectMany(n => label.ArrayOf(n)).Select(l => (IReadOnlyList<string>)[.. l.Distinct()]);
        var person = Gen.Elements("alice", "bob@example.com", "oidc:zoë", "CN=Ödön, O=\"Ops\"", "名前", "a\\b", "😀");
        var seconds = Gen.Choose(1, int.MaxValue - 1);
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwk = VoucherKey.PublicJwk(key);
        return (from id in label
                from name in label
                from who in person
                from access in labels
                from namespaces in labels
                from duration in Gen.Choose(1, 12 * 3600)
                from end in seconds
                from issued in Gen.Choose(1, end)
                from start in Gen.Choose(1, end)
                select new Voucher(id, name, OfflineDesk.Cluster, who, name, access, namespaces, TimeSpan.FromSeconds(duration),
                    DateTimeOffset.FromUnixTimeSeconds(issued), DateTimeOffset.FromUnixTimeSeconds(start), DateTimeOffset.FromUnixTimeSeconds(end + 1L), jwk))
            .ToArbitrary();
    }

    private static AuthorityKey RawKey()
    {
        var jwk = VoucherKey.PublicJwk(RawJws.Key);
        return new() { Kid = "raw", Kty = jwk.Kty!, Crv = jwk.Crv!, X = jwk.X!, Y = jwk.Y };
    }

    private string Payload()
    {
        Base64UrlText.TryDecode(_desk.Issue().Split('.')[1], out var payload).Should().BeTrue();
        return Encoding.UTF8.GetString(payload);
    }

    private static void Refused(string? text, string problem)
    {
        SignedVoucher.TryRead(text, out var said).Should().BeNull();
        said.Should().Contain(problem);
    }
}
