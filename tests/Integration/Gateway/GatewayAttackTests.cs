using TestKit;
using Xunit;

namespace Integration.Gateway;

/// <summary>One gateway for everything that needs what an attacker may have got hold of.</summary>
[CollectionDefinition(nameof(OneAttackedGateway))]
public sealed class OneAttackedGateway : ICollectionFixture<AttackedGateway>;

/// <summary>
/// Attacks on the gateway, on a real API server with the real operator and the real gateway. Each row asserts what the attacker reads, and by the API server's
/// audit log or the cluster's state that nothing passed.
/// </summary>
[Collection(nameof(OneAttackedGateway))]
public sealed class GatewayAttackTests(AttackedGateway stage)
{
    private static readonly IReadOnlyList<GatewayRow> s_all =
    [
        .. CertificateRows.All, .. MessageRows.All, .. IdentityRows.All, .. StreamRows.All, .. TokenRows.All,
    ];

    public static TheoryData<string> Rows => GatewayRow.Names(s_all.Where(row => !row.NeedsAdmissionPolicy));

    public static TheoryData<string> RowsWithAdmissionPolicy => GatewayRow.Names(s_all.Where(row => row.NeedsAdmissionPolicy));

    [Theory]
    [MemberData(nameof(Rows))]
    public Task It_comes_to_what_it_should(string row) => PlayAsync(row);

    [ServerTheory(MinMinor = 30)]
    [MemberData(nameof(RowsWithAdmissionPolicy))]
    public Task With_ValidatingAdmissionPolicy_it_comes_to_what_it_should(string row) => PlayAsync(row);

    private async Task PlayAsync(string row)
    {
        using var scene = new GatewayScene(stage);
        await s_all.Single(r => r.Name == row).PlayAsync(scene);
    }
}
