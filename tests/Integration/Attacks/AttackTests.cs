using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace Integration.Attacks;

/// <summary>
/// The table of (who, does what, expected), against a real API server with real users. Each row asserts the answer, and that nothing is open or left
/// over after it.
/// </summary>
[Collection(nameof(OneAttackedCluster))]
public sealed class AttackTests(AttackedCluster stage, Batch batch, ITestOutputHelper output) : IClassFixture<Batch>
{
    private static readonly IReadOnlyList<Row> s_rows = [.. LimitRows.All, .. RecordRows.All, .. ApprovalRows.All, .. PolicyRows.All, .. LockdownRows.All, .. RequestRows.All];

    public static TheoryData<string> Rows => Row.Names(s_rows);

    [Theory]
    [MemberData(nameof(Rows))]
    public Task It_comes_to_what_it_should(string row) => batch.PlayAsync(stage, s_rows, row, output);
}

/// <summary>The same while the webhook configurations are gone.</summary>
[Collection(nameof(OneAttackedCluster))]
public sealed class AbsentWebhookTests : IClassFixture<Batch>
{
    private readonly AttackedCluster _stage;
    private readonly Batch _batch;
    private readonly ITestOutputHelper _output;

    public AbsentWebhookTests(AttackedCluster stage, Batch batch, ITestOutputHelper output)
    {
        (_stage, _batch, _output) = (stage, batch, output);
        batch.Before = s => s.RemoveWebhooksAsync();
        batch.Between = s => s.RestoreWebhooksAsync();
    }

    public static TheoryData<string> Rows => Row.Names(AbsentRows.All);

    [Theory]
    [MemberData(nameof(Rows))]
    public Task It_comes_to_what_it_should(string row) => _batch.PlayAsync(_stage, AbsentRows.All, row, _output);
}
