using Integration.Modes;
using Xunit;
using Xunit.Abstractions;

namespace Integration.Attacks;

/// <summary>
/// The table of (who, does what, expected), against a real API server with real users. Each row asserts the answer, and that nothing is open or left
/// over after it.
/// </summary>
[Collection(nameof(OneAttackedCluster))]
public sealed class AttackTests(AttackedCluster stage, SharedBatch batch, ITestOutputHelper output)
{
    private static readonly IReadOnlyList<Row> s_attacks = [.. LimitRows.All, .. RecordRows.All, .. ApprovalRows.All, .. PolicyRows.All, .. LockdownRows.All,
        .. RequestRows.All, .. PeopleRows.All, .. GuardRows.All, .. BoundsRows.All, .. GateRows.All, .. OwnershipRows.All, .. LeftoverRows.All];

    /// <summary>What is played side by side: first the stories, of which one waits for the end of a window.</summary>
    internal static IReadOnlyList<Row> AllRows { get; } = [.. ModeTests.All, .. s_attacks];

    public static TheoryData<string> Rows => Row.Names(s_attacks);

    [Theory]
    [MemberData(nameof(Rows))]
    public Task It_comes_to_what_it_should(string row) => batch.PlayAsync(stage, AllRows, row, output);
}
