using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using Jose;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Vouchers;

/// <summary>jose-jwt, which shares no code with ours, signs vouchers and proofs that we accept, and verifies what we sign.</summary>
public sealed class JoseInteropTests : IDisposable
{
    private readonly OfflineDesk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Fact]
    public void A_voucher_that_jose_jwt_signed_is_accepted()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = VoucherKey.Of(ECDsa.Create(key.ExportParameters(includePrivateParameters: true)), "jose");
        Base64UrlText.TryDecode(_desk.Issue().Split('.')[1], out var payload).Should().BeTrue();

        var text = JWT.Encode(Encoding.UTF8.GetString(payload), key, JwsAlgorithm.ES256,
            new Dictionary<string, object> { ["kid"] = "jose", ["typ"] = SignedVoucher.Type });

        var read = OfflineDesk.Read(text);
        read.SignedBy([own.PublicKey]).Should().Equal("jose");
        read.Claims.Should().BeEquivalentTo(_desk.Voucher());
    }

    [Fact]
    public void Jose_jwt_verifies_a_voucher_and_its_proof()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = VoucherKey.Of(ECDsa.Create(key.ExportParameters(includePrivateParameters: true)), "jose");
        var text = _desk.Issue(by: [own]);
        JWT.Decode(text, key, JwsAlgorithm.ES256).Should().Contain("\"sub\":\"alice\"");
        JWT.Headers(text).Should().BeEquivalentTo(new Dictionary<string, object> { ["alg"] = "ES256", ["kid"] = "jose", ["typ"] = SignedVoucher.Type });

        var proof = _desk.Prove(text, "inc-1", A.Start);
        JWT.Decode(proof, _desk.Holder, JwsAlgorithm.ES256).Should().Contain("\"grant\":\"inc-1\"");
        FluentActions.Invoking(() => JWT.Decode(proof, key, JwsAlgorithm.ES256)).Should().Throw<IntegrityException>();
    }

    [Fact]
    public void A_proof_that_jose_jwt_signed_is_accepted()
    {
        var voucher = OfflineDesk.Read(_desk.Issue());
        var proof = JWT.Encode($$"""{"grant":"inc-1","aud":"{{OfflineDesk.Cluster}}","voucher":"{{voucher.Hash}}","iat":{{A.Start.ToUnixTimeSeconds()}}}""",
            _desk.Holder, JwsAlgorithm.ES256, new Dictionary<string, object> { ["typ"] = VoucherProof.Type });
        VoucherProof.Problem(proof, voucher, "inc-1", A.Start).Should().BeNull();
    }
}
