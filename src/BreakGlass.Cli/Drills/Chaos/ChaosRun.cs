namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>
/// Breaks something while a drill runs. It says what it will do and what it expects, has the person confirm it, and then shows what came of each expectation.
/// </summary>
internal sealed class ChaosRun(ChaosTools tools, ClusterConnection connection)
{
    /// <summary>Runs a variant.</summary>
    /// <param name="variant">The variant.</param>
    /// <param name="isConfirmed">Whether the person has confirmed it already.</param>
    /// <param name="cancellationToken">Stops it. What has to be put back is put back.</param>
    /// <returns>0 if all expectations were met, 1 if not.</returns>
    public async Task<int> RunAsync(IChaosVariant variant, bool isConfirmed, CancellationToken cancellationToken)
    {
        var drill = await tools.Client.GetAsync<BreakGlassDrill>(tools.Drill, null, cancellationToken);
        if (drill.Status.Runs.Any(r => r.Result is DrillResult.Running))
        {
            throw new CliException(ExitCodes.Refused, $"a run of drill '{tools.Drill}' has not ended, and another one cannot begin before that. Nothing was "
                + $"changed. Wait until it has ended: kubectl breakglass drill report {tools.Drill}");
        }

        await tools.Host.SayAsync($"""
            drill '{tools.Drill}' --chaos {variant.Name} on {connection}. Use it on a staging cluster only.
            What it does: {variant.Does}
            What is expected:
            {string.Join('\n', variant.Expects.Select(e => $"- {e}"))}
            How to undo it: {variant.Undo}
            """);
        await CheckRightsAsync(variant, drill, cancellationToken);
        if (!isConfirmed) await ConfirmAsync(cancellationToken);

        var outcomes = await variant.RunAsync(tools, cancellationToken);
        var table = new TextTable("MET", "EXPECTED", "CAME");
        foreach (var outcome in outcomes)
            table.Add(outcome.IsMet ? new("yes", Tone.Good) : new("no", Tone.Bad), outcome.Expected, outcome.Came);
        await table.WriteAsync(tools.Host);
        return outcomes.All(o => o.IsMet) ? ExitCodes.Ok : ExitCodes.Error;
    }

    /// <summary>Asks before anything is changed, and names all rights that are missing.</summary>
    private async Task CheckRightsAsync(IChaosVariant variant, BreakGlassDrill drill, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        var run = ChaosTools.Right("patch", BreakGlassApi.Group, "breakglassdrills", name: tools.Drill);
        foreach (var right in variant.Needs(drill).Prepend(run))
        {
            var review = new V1SelfSubjectAccessReview { Spec = new() { ResourceAttributes = right } };
            if ((await tools.Client.CreateAsync(review, cancellationToken)).Status?.Allowed is true) continue;
            missing.Add($"{right.Verb} {right.Resource}{(right.Group is { Length: > 0 } group ? $".{group}" : "")}"
                + (right.NamespaceProperty is { } ns ? $" in namespace {ns}" : "") + (right.Name is { } name ? $" (name {name})" : ""));
        }

        if (missing.Count == 0) return;
        throw new CliException(ExitCodes.Refused, $"forbidden: --chaos {variant.Name} needs rights that you do not have: {string.Join(", ", missing)}. "
            + "Nothing was changed. Ask the platform team for them, or use another --context.");
    }

    private async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        await tools.Host.Error.WriteAsync($"Type the drill's name to continue ({tools.Drill}): ");
        var answer = await tools.LineAsync(cancellationToken);
        if (answer is null)
        {
            throw CliException.Usage("the test was not confirmed, because standard input has ended. Nothing was changed. Run the command on a terminal, or "
                + "confirm the test with --yes.");
        }

        if (answer.Trim() != tools.Drill)
            throw new CliException(ExitCodes.Refused, $"'{answer.Trim()}' is not the name of the drill. Nothing was changed.");
    }
}
