using System.Security.Cryptography;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Vouchers;

public sealed class VoucherProofTests : IDisposable
{
    private const string Header = """{"alg":"ES256","typ":"breakglass-voucher-proof+jwt"}""";

    private readonly OfflineDesk _desk = new();
    private readonly SignedVoucher _voucher;

    public VoucherProofTests() => _voucher = OfflineDesk.Read(_desk.Issue());

    public void Dispose() => _desk.Dispose();

    [Fact]
    public void The_holder_proves_that_the_voucher_is_theirs() =>
        Problem(VoucherSigning.Prove(_voucher, "inc-4711", A.Start, _desk.Holder)).Should().BeNull();

    [Theory]
    [InlineData(-120, true)]
    [InlineData(-121, false)]
    [InlineData(120, true)]
    [InlineData(121, false)]
    [InlineData(int.MaxValue, false)]
    public void A_proof_is_valid_for_two_minutes(int seconds, bool isValid)
    {
        var problem = Problem(VoucherSigning.Prove(_voucher, "inc-4711", A.Start.AddSeconds(seconds), _desk.Holder));
        if (isValid) problem.Should().BeNull();
        else problem.Should().StartWith("the proof was made more than 2m before or after the grant was created");
    }

    [Fact]
    public void A_proof_is_for_one_grant_one_voucher_and_one_cluster()
    {
        Problem(VoucherSigning.Prove(_voucher, "inc-4712", A.Start, _desk.Holder)).Should().Contain("a grant with another name");
        Problem(VoucherSigning.Prove(OfflineDesk.Read(_desk.Issue()), "inc-4711", A.Start, _desk.Holder)).Should().Contain("another voucher",
            "each signature of ES256 is another text");
        Problem(Raw(Header, Claims(cluster: "another"))).Should().Contain("another cluster");
        Problem(Raw(Header, Claims())).Should().BeNull("the row before differs in the cluster alone");
    }

    [Fact]
    public void Only_the_holders_key_proves_it()
    {
        using var thief = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Problem(VoucherSigning.Prove(_voucher, "inc-4711", A.Start, thief)).Should().Contain("not signed by the key of the voucher's holder");
        Problem(_desk.Issue()).Should().NotBeNull("a voucher is not a proof");
    }

    [Theory]
    [InlineData(null, "1 to 2048")]
    [InlineData("", "1 to 2048")]
    [InlineData("é", "1 to 2048")]
    [InlineData("a.b", "three base64url parts")]
    [InlineData("..", "not valid JSON")]
    public void A_text_that_is_no_proof_is_refused(string? text, string problem) => Problem(text).Should().Contain(problem);

    [Theory]
    [InlineData("""{"alg":"none","typ":"breakglass-voucher-proof+jwt"}""", "alg is not")]
    [InlineData("""{"alg":"HS256","typ":"breakglass-voucher-proof+jwt"}""", "alg is not")]
    [InlineData("""{"alg":"EdDSA","typ":"breakglass-voucher-proof+jwt"}""", "not signed by the key of the voucher's holder")]
    [InlineData("""{"alg":"ES256","typ":"breakglass-voucher+jwt"}""", "typ is not")]
    [InlineData("""{"alg":"ES256","typ":"breakglass-voucher-proof+jwt","kid":"first"}""", "a member that is not supported")]
    [InlineData("""{"alg":"ES256","typ":"breakglass-voucher-proof+jwt","crit":["x"]}""", "an extension is required")]
    [InlineData("""{"alg":"ES256","alg":"ES256","typ":"breakglass-voucher-proof+jwt"}""", "a member appears twice")]
    public void A_header_that_is_not_exactly_as_it_has_to_be_is_refused(string header, string problem) =>
        Problem(Raw(header, Claims())).Should().Contain(problem);

    [Theory]
    [InlineData("\"grant\":\"inc-4711\"", "\"grant\":7", "grant is not a text")]
    [InlineData("\"grant\":\"inc-4711\",", "", "grant is missing")]
    [InlineData("\"grant\":\"inc-4711\"", "\"grant\":\"inc-4712\",\"grant\":\"inc-4711\"", "a member appears twice")]
    [InlineData("\"grant\":\"inc-4711\"", "\"grant\":\"inc-4711\",\"exp\":1", "a member that is not supported")]
    [InlineData("\"iat\":", "\"iat\":1", "more than 2m")]
    [InlineData("\"iat\":", "\"iat\":-", "iat is not a time")]
    public void Claims_that_are_not_exactly_as_they_have_to_be_are_refused(string right, string wrong, string problem) =>
        Problem(Raw(Header, Claims().Replace(right, wrong, StringComparison.Ordinal))).Should().Contain(problem);

    [Fact]
    public void A_proof_of_a_megabyte_is_not_read() => Problem(new string('a', 1024 * 1024)).Should().Contain("1 to 2048");

    private string Claims(string cluster = OfflineDesk.Cluster) =>
        $$"""{"grant":"inc-4711","aud":"{{cluster}}","voucher":"{{_voucher.Hash}}","iat":{{A.Start.ToUnixTimeSeconds()}}}""";

    private string Raw(string header, string payload) => RawJws.Compact(header, payload, _desk.Holder);

    private string? Problem(string? proof) => VoucherProof.Problem(proof, _voucher, "inc-4711", A.Start);
}
