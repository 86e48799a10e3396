namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>What all variants use: the drill, its runs, and what is left of a run's grant.</summary>
/// <param name="Host">The world around the command.</param>
/// <param name="Client">The cluster.</param>
/// <param name="Drill">The drill.</param>
/// <param name="Timeout">How long to wait for a run.</param>
internal sealed record ChaosTools(CliHost Host, KubeClient Client, string Drill, TimeSpan Timeout)
{
    /// <summary>The rights by which <see cref="FindAsync"/> reads.</summary>
    public static IReadOnlyList<V1ResourceAttributes> Reading { get; } =
    [
        Right("get", BreakGlassApi.Group, "breakglassgrants"), Right("list", V1RoleBinding.KubeGroup, "rolebindings"),
        Right("list", V1RoleBinding.KubeGroup, "clusterrolebindings"),
    ];

    /// <summary>A right that a variant needs.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="group">The API group.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="ns">The namespace; null for a resource that has none, or for all namespaces.</param>
    /// <param name="name">The object; null if it is not known yet, or for all objects. A role can be limited to it by <c>resourceNames</c>.</param>
    public static V1ResourceAttributes Right(string verb, string group, string resource, string? ns = null, string? name = null) =>
        new() { Verb = verb, Group = group, Resource = resource, NamespaceProperty = ns, Name = name };

    /// <summary>A time in words, in tenths of a second.</summary>
    public static string Text(TimeSpan time) => GoDuration.Format(TimeSpan.FromMilliseconds(Math.Round(time.TotalMilliseconds / 100) * 100));

    /// <summary>Requests a run, shows its phases, and gives it as soon as it has ended or has come far enough.</summary>
    public async Task<DrillRun> RunAsync(TimeSpan? hold, Func<DrillRun, bool> isEnough, CancellationToken cancellationToken)
    {
        await Host.SayAsync(hold is { } time
            ? $"Requesting a run of drill '{Drill}' that keeps access open for {GoDuration.Format(time)}." : $"Requesting a run of drill '{Drill}'.");
        return await new DrillFollower(Host, Client, Timeout).RunAsync(Drill, hold, Host.Error, isEnough, cancellationToken);
    }

    /// <summary>Reads what is left of a run.</summary>
    public async Task<ChaosFindings> FindAsync(DrillRun run, CancellationToken cancellationToken)
    {
        if (run.Grant is not { Length: > 0 } name) return new(run, null, []);
        var query = new ListQuery { LabelSelector = $"{BreakGlassApi.GrantLabel}={name}" };
        var roles = (await Client.ListAsync<V1RoleBinding>(query, cancellationToken)).Items;
        var clusterRoles = (await Client.ListAsync<V1ClusterRoleBinding>(query, cancellationToken)).Items;
        return new(
            run, await Client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken),
            [.. roles.Select(b => $"RoleBinding {b.Key}"), .. clusterRoles.Select(b => $"ClusterRoleBinding {b.Key}")]);
    }

    /// <summary>Waits for a line on standard input; null if it has ended.</summary>
    public Task<string?> LineAsync(CancellationToken cancellationToken) =>
        // A read of the console cannot be cancelled: the command ends without it.
        Task.Run(() => Host.Input.ReadLine(), cancellationToken).WaitAsync(cancellationToken);

    /// <summary>Waits until the person has done something by hand, and gives what came of a run then.</summary>
    /// <param name="step">What the person does.</param>
    /// <param name="undo">How the person undoes it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="CliException">Standard input has ended.</exception>
    public async Task<ChaosFindings> ByHandAsync(string step, string undo, CancellationToken cancellationToken)
    {
        await Host.SayAsync($"{step}\nThen press Enter.");
        try
        {
            if (await LineAsync(cancellationToken) is null)
            {
                throw CliException.Usage("standard input has ended before you confirmed this step. No run was requested. Run the command on a terminal: --yes "
                    + "does not confirm what is done by hand.");
            }

            return await FindAsync(await RunAsync(hold: null, _ => false, cancellationToken), cancellationToken);
        }
        finally
        {
            await Host.SayAsync($"To undo it: {undo}");
        }
    }
}
