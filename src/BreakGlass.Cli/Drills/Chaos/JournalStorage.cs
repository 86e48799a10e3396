using BreakGlass.Core.Drills;

namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>A run without the journal's storage, which only a person can stop.</summary>
/// <param name="ns">The operator's namespace.</param>
internal sealed class JournalStorage(string ns) : IChaosVariant
{
    public const string Word = "journal-storage";

    private const string Expected = "If access requires the journal (journal: Required in the policy, or --journal-default), no access opens. Otherwise the "
        + "run fails in the phase Journal only.";

    /// <inheritdoc/>
    public string Name => Word;

    /// <inheritdoc/>
    public string Does => "you stop the journal's storage by hand; then it requests a run.";

    /// <inheritdoc/>
    public IReadOnlyList<string> Expects => [Expected, ChaosFindings.NoBinding];

    /// <inheritdoc/>
    public string Undo => "start the storage again, and check the journal with 'kubectl breakglass journal verify' and an ordinary run of the drill.";

    /// <inheritdoc/>
    public IReadOnlyList<V1ResourceAttributes> Needs(BreakGlassDrill drill) =>
        [ChaosTools.Right("get", BreakGlassApi.Group, "breakglasspolicies", name: drill.Spec.Policy), .. ChaosTools.Reading];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ChaosOutcome>> RunAsync(ChaosTools tools, CancellationToken cancellationToken)
    {
        var found = await tools.ByHandAsync($"Stop the journal's storage for all replicas in namespace {ns}: refuse writes to the directory that "
            + "--journal-directory names, or to the bucket.", Undo, cancellationToken);
        var policy = found.Run.Policy is { Length: > 0 } name ? await tools.Client.TryGetAsync<BreakGlassPolicy>(name, null, cancellationToken) : null;
        var isClosed = found.WasNotActivated && !found.WasOpen;
        var journal = found.Run.Phases.FirstOrDefault(p => p.Name == nameof(DrillStep.Journal));
        var isJournalOnly = journal?.Result is DrillResult.Failed && found.Run.Phases.Count(p => p.Result is DrillResult.Failed) == 1;
        var terms = policy?.Spec.Journal is { } mode ? $"the policy says journal: {mode}" : "the policy leaves it to --journal-default";
        var isMet = policy?.Spec.Journal switch
        {
            JournalMode.Required => isClosed,
            JournalMode.BestEffort => isJournalOnly,
            _ => isClosed || isJournalOnly,
        };
        var skipped = journal?.Result is DrillResult.Skipped ? $". {journal.Message}" : "";
        return [new(Expected, $"{terms}; {found.Result}{skipped}", isMet), found.Left];
    }
}
