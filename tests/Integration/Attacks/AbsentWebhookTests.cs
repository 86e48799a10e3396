using Xunit;
using Xunit.Abstractions;

namespace Integration.Attacks;

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
