using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Vouchers;
using Integration.Attacks;
using TestKit.Builders;

namespace Integration.Vouchers;

/// <summary>Vouchers that no signer of the authority made as they are: what a courier makes of a good one, or signs with other keys.</summary>
internal static class ForgedVoucherRows
{
    private const string NoSuchAlgorithm = "alg is not ES256 or EdDSA";

    /// <summary>By name: what somebody does, and words of the refusal.</summary>
    public static IReadOnlyDictionary<string, (Func<VoucherCluster, Safe, string, Task<ApiAnswer>> Act, string Says)> All { get; } =
        new Dictionary<string, (Func<VoucherCluster, Safe, string, Task<ApiAnswer>> Act, string Says)>
        {
            ["alg: none, without a signature"] = ((stage, safe, grant) => ForgeAsync(stage, safe, grant,
                good => RawJws.Unsigned(Header("none"), RawJws.PayloadOf(good))), NoSuchAlgorithm),
            ["alg: none, with the signature of a good voucher"] = ((stage, safe, grant) => ForgeAsync(stage, safe, grant,
                good => $"{RawJws.Unsigned(Header("none"), RawJws.PayloadOf(good))}{good.Split('.')[2]}"), NoSuchAlgorithm),
            ["HS256 with the public key as the secret"] = ((stage, safe, grant) => ForgeAsync(stage, safe, grant,
                good => RawJws.Mac(Header("HS256"), RawJws.PayloadOf(good), PublicKey(stage.Desk.First))), NoSuchAlgorithm),
            ["an extension that must be understood (crit)"] = ((stage, safe, grant) => ForgeAsync(stage, safe, grant, good => RawJws.Compact(
                """{"alg":"ES256","kid":"first","typ":"breakglass-voucher+jwt","crit":["exp"],"exp":1}""", RawJws.PayloadOf(good))),
                "an extension is required (crit), and none is supported"),
            ["a member twice in the header"] = ((stage, safe, grant) => ForgeAsync(stage, safe, grant, good => RawJws.Compact(
                """{"alg":"none","alg":"ES256","kid":"first","typ":"breakglass-voucher+jwt"}""", RawJws.PayloadOf(good))),
                "the voucher, header: this is not valid JSON, or a member appears twice"),
            ["a member twice in the claims"] = ((stage, safe, grant) => ForgeAsync(stage, safe, grant, good => RawJws.Compact(
                Header("ES256"), RawJws.PayloadOf(good).Replace("\"sub\":", "\"sub\":\"mallory\",\"sub\":", StringComparison.Ordinal))),
                "the voucher, claims: this is not valid JSON, or a member appears twice"),
            ["one signature twice where two keys are required"] = (async (stage, safe, grant) =>
            {
                await RequireTwoAsync(stage, safe);
                return await ForgeAsync(stage, safe, grant, good => RawJws.General(good, good));
            }, "two signatures of one key"),
            ["a second signature under the name of another key"] = (async (stage, safe, grant) =>
            {
                await RequireTwoAsync(stage, safe);
                using var impostor = VoucherKey.Of(ECDsa.Create(ECCurve.NamedCurves.nistP256), stage.Desk.Third.Kid);
                return await safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1", by: [stage.Desk.First, impostor]));
            }, "1 of the keys"),
            ["one key under two names in an authority"] = ((stage, safe, _) => stage.Admin.PatchAsync(safe.AuthorityPath,
                Safe.KeysPatch(stage.Desk.First.PublicKey, stage.Desk.First.PublicKey with { Kid = "again" })), "is the same key as another one"),
            ["a key that only another authority of the cluster has"] = (async (stage, safe, grant) =>
            {
                using var key = VoucherKey.Of(ECDsa.Create(ECCurve.NamedCurves.nistP256), "of-another");
                (await stage.Admin.CreateAsync(safe.AuthorityText(name: $"{safe.Authority}-2", keys: [key.PublicKey]))).OrThrow();
                return await safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1", by: [key]));
            }, "0 of the keys"),
        };

    /// <summary>The courier presents what was made of a good voucher, with the proof of the good one.</summary>
    private static Task<ApiAnswer> ForgeAsync(VoucherCluster stage, Safe safe, string grant, Func<string, string> forge)
    {
        var good = safe.Issue("v-1");
        return safe.PresentAsync(stage.Courier, grant, forge(good), stage.Desk.Prove(good, grant, TimeProvider.System.GetUtcNow()));
    }

    private static async Task RequireTwoAsync(VoucherCluster stage, Safe safe) =>
        (await stage.Admin.PatchAsync(safe.AuthorityPath, """{"spec":{"required":2}}""")).OrThrow();

    private static string Header(string algorithm) => $$"""{"alg":"{{algorithm}}","kid":"first","typ":"breakglass-voucher+jwt"}""";

    /// <summary>The file with the public key, which everybody can have.</summary>
    private static byte[] PublicKey(VoucherKey key)
    {
        var (x, y) = (Base64Url.DecodeFromChars(key.PublicKey.X), Base64Url.DecodeFromChars(key.PublicKey.Y));
        using var ec = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = x, Y = y } });
        return Encoding.ASCII.GetBytes(ec.ExportSubjectPublicKeyInfoPem());
    }
}
