using System.Security.Cryptography;
using BreakGlass.Core.Api;
using BreakGlass.Core.Vouchers;
using Kube.Client;

namespace TestKit.Builders;

/// <summary>An authority with three keys, the holder of its vouchers, and what they sign offline. Every desk has its own keys.</summary>
public sealed class OfflineDesk : IDisposable
{
    /// <summary>The name of the authority.</summary>
    public const string Name = "offline-2026";

    /// <summary>The cluster that vouchers are for.</summary>
    public const string Cluster = "4b1d9f4e-3f51-4c55-9f5c-1d3c4f2f7a10";

    /// <summary>Signs with ES256.</summary>
    public VoucherKey First { get; } = VoucherKey.Of(ECDsa.Create(ECCurve.NamedCurves.nistP256), "first");

    /// <summary>Signs with EdDSA.</summary>
    public VoucherKey Second { get; } = VoucherKey.OfEd25519(RandomNumberGenerator.GetBytes(VoucherKey.SeedSize), "second");

    /// <summary>Signs with ES256.</summary>
    public VoucherKey Third { get; } = VoucherKey.Of(ECDsa.Create(ECCurve.NamedCurves.nistP256), "third");

    /// <summary>The private key of the holder.</summary>
    public ECDsa Holder { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The public keys of the authority.</summary>
    public IReadOnlyList<AuthorityKey> Keys => [First.PublicKey, Second.PublicKey, Third.PublicKey];

    /// <summary>The authority as its owners write it.</summary>
    public BreakGlassAuthority Authority(Func<AuthoritySpec, AuthoritySpec>? spec = null, string name = Name, string uid = "authority-1") => new()
    {
        Metadata = new() { Name = name, Uid = uid, Generation = 1, ResourceVersion = "1", CreatedAt = A.Start.AddDays(-10) },
        Spec = (spec ?? (s => s))(new() { Keys = Keys }),
    };

    /// <summary>A voucher for alice and the policy payments-oncall, issued a day before <see cref="A.Start"/> and valid for 90 days.</summary>
    public Voucher Voucher(Func<Voucher, Voucher>? change = null) => (change ?? (v => v))(new(
        "v-1", Name, Cluster, "alice", "payments-oncall", [], [], TimeSpan.FromMinutes(30), A.Start.AddDays(-1), A.Start.AddDays(-1), A.Start.AddDays(89),
        VoucherKey.PublicJwk(Holder)));

    /// <summary>A voucher that some keys signed; only <see cref="First"/> unless others are given.</summary>
    public string Issue(Func<Voucher, Voucher>? change = null, params IReadOnlyList<VoucherKey> by)
    {
        var keys = by.Count == 0 ? [First] : by;
        return keys.Skip(1).Aggregate(VoucherSigning.Sign(Voucher(change), keys[0]), (text, key) => VoucherSigning.AddSignature(Read(text), key));
    }

    /// <summary>The proof that goes with it.</summary>
    public string Prove(string voucher, string grant, DateTimeOffset at) => VoucherSigning.Prove(Read(voucher), grant, at, Holder);

    /// <summary>Reads a voucher that can be read.</summary>
    public static SignedVoucher Read(string text) => SignedVoucher.TryRead(text, out var problem) ?? throw new InvalidOperationException(problem);

    /// <inheritdoc/>
    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
        Third.Dispose();
        Holder.Dispose();
    }
}
