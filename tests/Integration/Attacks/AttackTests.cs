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

/// <summary>The same while the webhook configurations are gone.</summary>
[Collection(nameof(OneAttackedCluster))]
public sealed class AbsentWebhookTests : IClassFixture<Batch>
{
    private readonly AttackedCluster _stage;
    private readonly Batch _batch;
    private readonly ITestOutputHelper _output;

    public AbsentWebhookTests(AttackedCluster stage, SharedBatch others, Batch batch, ITestOutputHelper output)
    {
        (_stage, _batch, _output) = (stage, batch, output);
        batch.Before = async s =>
        {
            await others.StillAsync();
            await s.RemoveWebhooksAsync();
        };
        batch.Between = s => s.RestoreWebhooksAsync();
    }

    public static TheoryData<string> Rows => Row.Names(AbsentRows.All);

    [Theory]
    [MemberData(nameof(Rows))]
    public Task It_comes_to_what_it_should(string row) => _batch.PlayAsync(_stage, AbsentRows.All, row, _output);
}
