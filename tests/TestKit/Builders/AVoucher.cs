using BreakGlass.Core.Api;
using BreakGlass.Core.Vouchers;

namespace TestKit.Builders;

/// <summary>A voucher for <see cref="A.Policy"/> in the cluster of <see cref="AView.Usual"/>, and a grant by it as admission stamps it.</summary>
public static class AVoucher
{
    /// <summary>The cluster of <see cref="AView.Usual"/>, as vouchers name it.</summary>
    public const string Cluster = "ns-kube-system";

    /// <summary>Who signs. Its first key signs alone.</summary>
    public static OfflineDesk Desk { get; } = new();

    /// <summary>What the policy says of vouchers.</summary>
    public static VoucherTerms Terms { get; } = new() { Authority = OfflineDesk.Name, MaxDuration = "20m", Holders = [A.User("alice")] };

    /// <summary><see cref="A.Policy"/> with <see cref="Terms"/>.</summary>
    public static BreakGlassPolicy Policy(Func<PolicySpec, PolicySpec>? spec = null) => A.Policy(s => (spec ?? (x => x))(s with { Vouchers = Terms }));

    /// <summary>A signed voucher.</summary>
    public static string Issue(Func<Voucher, Voucher>? change = null, params IReadOnlyList<VoucherKey> by) =>
        Desk.Issue(v => (change ?? (x => x))(v with { Cluster = Cluster }), by);

    /// <summary>A grant by a voucher, which a courier presented.</summary>
    public static BreakGlassGrant Grant(
        Func<GrantSpec, GrantSpec>? spec = null, string name = "inc-4711", string uid = "grant-1", string? voucher = null, string? proof = null)
    {
        var text = voucher ?? Text.Value;
        var claims = OfflineDesk.Read(text).Claims;
        return A.Grant(s => (spec ?? (x => x))(s with
        {
            Voucher = text,
            VoucherProof = proof ?? Desk.Prove(text, name, A.Start),
            RecipientKey = claims.HolderKey,
            Requester = new()
            {
                Username = claims.Person, PresentedBy = "courier",
                Extra = new Dictionary<string, IReadOnlyList<string>> { [BreakGlassApi.VoucherExtra] = [claims.Id] },
            },
        }), name, uid);
    }

    /// <summary>A policy that accepts vouchers.</summary>
    public static PolicySpec Accepted(PolicySpec policy) => policy with { Vouchers = Terms };

    /// <summary>A request by a voucher in any cluster, at any time, as admission stamps it.</summary>
    public static GrantSpec Spec(GrantSpec spec, string grant, string cluster, DateTimeOffset now, string id = "v-1")
    {
        var at = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var text = Desk.Issue(v => v with
        {
            Id = id, Cluster = cluster, Policy = spec.Policy, IssuedAt = at.AddDays(-1), NotBefore = at.AddDays(-1), Expires = at.AddDays(30),
        });
        return spec with
        {
            Voucher = text,
            VoucherProof = Desk.Prove(text, grant, at),
            RecipientKey = VoucherKey.PublicJwk(Desk.Holder),
            Requester = new()
            {
                Username = "alice", PresentedBy = "courier", Extra = new Dictionary<string, IReadOnlyList<string>> { [BreakGlassApi.VoucherExtra] = [id] },
            },
        };
    }

    private static readonly Lazy<string> Text = new(() => Issue());
}
