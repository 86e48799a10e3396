namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>Takes the operator's webhooks away for one run. However the run ends, they are put back.</summary>
internal sealed class NoWebhooks : IChaosVariant
{
    public const string Word = "no-webhooks";

    private const string Fails = "The run fails before it uses any access.";
    private const string Denied = "Its grant never becomes active: the operator denies it.";
    private const string Back = "The webhook configurations exist again.";

    /// <summary>A grant that is not sealed is denied within seconds. For longer, the webhooks are not away.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public string Name => Word;

    /// <inheritdoc/>
    public string Does => $"it saves the MutatingWebhookConfiguration and the ValidatingWebhookConfiguration {WebhookBackup.Name} to a file in the current "
        + "directory, deletes them, requests a run, and puts them back. Until then, the operator activates no grant, because no grant is checked and sealed.";

    /// <inheritdoc/>
    public IReadOnlyList<string> Expects => [Fails, Denied, ChaosFindings.NoBinding, Back];

    /// <inheritdoc/>
    public string Undo => "the command puts them back, also after Ctrl-C. If it cannot: kubectl apply -f FILE, with the file that it prints.";

    /// <inheritdoc/>
    public IReadOnlyList<V1ResourceAttributes> Needs(BreakGlassDrill drill) =>
        [.. RightsOn("mutatingwebhookconfigurations"), .. RightsOn("validatingwebhookconfigurations"), .. ChaosTools.Reading];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ChaosOutcome>> RunAsync(ChaosTools tools, CancellationToken cancellationToken)
    {
        var backup = await WebhookBackup.TakeAsync(tools, cancellationToken);
        DrillRun run;
        bool isBack;
        using (tools.Host.Interruptions.Defer(backup.HurryAsync))
        {
            try
            {
                await backup.DeleteAsync();
                var limited = tools.Timeout < Longest ? tools : tools with { Timeout = Longest };
                run = await limited.RunAsync(hold: null, _ => false, cancellationToken);
            }
            finally
            {
                isBack = await backup.PutBackAsync();
            }
        }

        var found = await tools.FindAsync(run, cancellationToken);
        var phase = found.Grant?.Status.Phase;
        return
        [
            new(Fails, found.Result, found.WasNotActivated),
            new(Denied, found.Grant is null ? "there is no grant" : $"phase {phase}{(found.WasOpen ? ", and it was active" : "")}",
                phase is GrantPhase.Denied && !found.WasOpen),
            found.Left,
            new(Back, isBack ? "they exist" : $"they do not exist: kubectl apply -f {backup.File}", isBack),
        ];
    }

    private static IEnumerable<V1ResourceAttributes> RightsOn(string resource)
    {
        const string Group = V1MutatingWebhookConfiguration.KubeGroup;
        return
        [
            ChaosTools.Right("get", Group, resource, name: WebhookBackup.Name), ChaosTools.Right("delete", Group, resource, name: WebhookBackup.Name),

            // RBAC does not know the name of what a request creates.
            ChaosTools.Right("create", Group, resource),
        ];
    }
}
