namespace BreakGlass.Cli.Commands;

/// <summary><c>approve</c>, <c>deny</c> and <c>review</c>: what other people say to a grant.</summary>
internal static class DecideCommands
{
    private static readonly string[] Outcomes = ApiWords.Each(ApiWords.Outcomes);

    public static Command Decide(Invocation invocation, string name, string decision, string description)
    {
        var words = new Words(name, description, "--approver");
        words.Command.SetAction((parse, cancellationToken) => RunAsync(invocation, parse, words, grant => grant.Status.IsTerminal || grant.Status.IsRecorded
            ? $"grant '{grant.Metadata.Name}' is {grant.Status.Phase} and no longer waits for a "
                + $"decision.{(grant.Status.IsTerminal ? "" : $" To end its access: kubectl breakglass revoke {grant.Metadata.Name}")}"
            : null, grant => new BreakGlassApproval
        {
            Metadata = new() { GenerateName = $"{grant}-" },
            Spec = new() { Grant = grant, Decision = decision, Comment = parse.GetValue(words.Comment), Approver = RequestOptions
                .Stamp(parse.GetValue(words.Stamp)) },
        }, decision == ApprovalRules.Approve ? "approved" : "denied", cancellationToken));
        return words.Command;
    }

    public static Command Review(Invocation invocation)
    {
        var words = new Words("review", "Review access after its end. 'kubectl breakglass report GRANT' shows the record.", "--reviewer");
        var outcome = new Option<string>("--outcome") { Description = ApiWords.Outcomes, HelpName = "OUTCOME", Required = true };
        outcome.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, Outcomes);
        var followUp = new Option<string?>("--follow-up") { Description = "What to do next, for example a ticket", HelpName = "TEXT" };
        words.Command.Options.Add(outcome);
        words.Command.Options.Add(followUp);
        words.Command.SetAction((parse, cancellationToken) => RunAsync(invocation, parse, words, grant => grant.Status.IsTerminal
            ? null
            : $"grant '{grant.Metadata.Name}' is not over ({grant.Status.Phase?.ToString() ?? "Pending"}), so there is nothing to review yet. To end it now: "
                + $"kubectl breakglass revoke {grant.Metadata.Name}", grant => new BreakGlassReview
            {
                Metadata = new() { GenerateName = $"{grant}-" },
                Spec = new()
                {
                    Grant = grant,
                    Outcome = Outcomes.First(o => o.Equals(parse.GetValue(outcome), StringComparison.OrdinalIgnoreCase)),
                    Comment = parse.GetValue(words.Comment),
                    FollowUp = parse.GetValue(followUp),
                    Reviewer = RequestOptions.Stamp(parse.GetValue(words.Stamp)),
                },
            }, "reviewed", cancellationToken));
        return words.Command;
    }

    private static async Task<int> RunAsync<T>(
        Invocation invocation, ParseResult parse, Words words, Func<BreakGlassGrant, string?> objection, Func<string, T> make, string done,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        var host = invocation.Host;
        using var cluster = invocation.Connect(parse);
        var name = ObjectNames.Grant(parse.GetRequiredValue(words.Grant));
        if (await ReadAsync(cluster.Client, name, cancellationToken) is { } grant)
        {
            await host.SayAsync(VisibleText.Line(Summary(grant)));
            if (objection(grant) is { } problem) throw new CliException(ExitCodes.Refused, problem);
        }

        var dryRun = OutputFormat.DryRun(parse.GetValue(words.DryRun));
        var made = await dryRun.WriteAsync(cluster.Client, make(name), client => client.CreateAsync(make(name), cancellationToken));
        if (parse.GetValue(words.Output) is { } format) await OutputFormat.WriteAsync(host, format, made);
        else await host.Out.WriteLineAsync($"breakglassgrant.breakglass.dev/{name} {done}{dryRun.Suffix()}");
        return ExitCodes.Ok;
    }

    /// <summary>Null if the user is not allowed to read grants: admission checks the grant anyway.</summary>
    private static async Task<BreakGlassGrant?> ReadAsync(KubeClient client, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync<BreakGlassGrant>(name, null, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            return null;
        }
    }

    /// <summary>What the user decides on, in one line.</summary>
    private static string Summary(BreakGlassGrant grant)
    {
        var spec = grant.Spec;
        var (duration, ticket) = (spec.Duration is null ? "the default duration" : spec.Duration, spec.Ticket is null ? "" : $" ({spec.Ticket})");
        var start = spec.StartTime is { } at ? $" from {Timestamp.Text(at)}" : "";
        return $"{grant.Metadata.Name}: {Callers.Shown(spec.Requester)} requests {duration}{start} of policy '{spec.Policy}'{ticket}: {spec.Justification}";
    }

    private sealed class Words
    {
        public Words(string name, string description, string stamp)
        {
            Command = new(name, description);
            Stamp = RequestOptions.StampOption(stamp);
            Command.Arguments.Add(Grant);
            foreach (var option in (Option[])[Comment, Output, DryRun, Stamp]) Command.Options.Add(option);
        }

        public Command Command { get; }

        public Argument<string> Grant { get; } = new("GRANT") { Description = "The grant" };

        public Option<string?> Comment { get; } = new("--comment", "-m") { Description = "Why, for the record", HelpName = "TEXT" };

        public Option<string?> Output { get; } = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);

        public Option<string?> DryRun { get; } = OutputFormat.DryRunOption();

        public Option<string?> Stamp { get; }
    }
}
