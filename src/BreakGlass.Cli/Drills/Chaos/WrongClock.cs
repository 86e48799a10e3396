namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>A run while the operator's clock is wrong, which only a person can change.</summary>
/// <param name="ns">The operator's namespace.</param>
internal sealed class WrongClock(string ns) : IChaosVariant
{
    public const string Word = "clock";

    private const string Expected = "If the clock of the operator that leads is off by more than 30s, no access opens. If it is off by less, the run passes.";

    /// <inheritdoc/>
    public string Name => Word;

    /// <inheritdoc/>
    public string Does => "you set the clock of the operator's node forward by hand; then it requests a run.";

    /// <inheritdoc/>
    public IReadOnlyList<string> Expects => [Expected, ChaosFindings.NoBinding];

    /// <inheritdoc/>
    public string Undo => "start the time synchronisation of the node again, wait until the clock is right, and run the drill without --chaos.";

    /// <inheritdoc/>
    public IReadOnlyList<V1ResourceAttributes> Needs(BreakGlassDrill drill) => ChaosTools.Reading;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ChaosOutcome>> RunAsync(ChaosTools tools, CancellationToken cancellationToken)
    {
        var found = await tools.ByHandAsync($"Find the node of the operator that leads (kubectl get lease -n {ns} breakglass-operator). It must not run the "
            + "API server. Stop its time synchronisation, set its clock forward by 2m, and wait until the policies have the condition ClockSkewed.", Undo,
            cancellationToken);
        var (isClosed, isPassed) = (found.WasNotActivated && !found.WasOpen, found.Run.Result is DrillResult.Passed);
        var came = isClosed ? $"no access opened; {found.Result}"
            : isPassed ? "the run passed, so the clock is off by less than the limit" : found.Result;
        return [new(Expected, came, isClosed || isPassed), found.Left];
    }
}
