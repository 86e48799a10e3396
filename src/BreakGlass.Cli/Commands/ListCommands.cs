namespace BreakGlass.Cli.Commands;

/// <summary><c>list</c>, <c>get</c> and <c>watch</c>: what there is.</summary>
internal static class ListCommands
{
    public static Command List(Invocation invocation)
    {
        var kind = KindArgument();
        kind.Arity = ArgumentArity.ZeroOrOne;
        var policy = new Option<string?>("--policy", "-p") { Description = "Grants of this policy", HelpName = "NAME" };
        var phase = new Option<string?>(
            "--phase") { Description = $"Grants in this phase: {string.Join(", ", Enum.GetNames<GrantPhase>())}", HelpName = "PHASE" };
        phase.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, Enum.GetNames<GrantPhase>());
        var live = new Option<bool>("--live") { Description = "Grants that give access, or may still do so" };
        var unreviewed = new Option<bool>("--unreviewed") { Description = "Grants that wait for a review" };
        var selector = new Option<string?>("--selector", "-l") { Description = "Only those with these labels", HelpName = "LABELS" };
        var output = OutputFormat.Option(OutputFormat.Wide, OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);
        var command = new Command("list", "List grants, or policies, approvals, reviews, lockdowns or drills.")
            { kind, policy, phase, live, unreviewed, selector, output };
        command.Aliases.Add("ls");
        command.SetAction(async (parse, cancellationToken) =>
        {
            if (parse.GetValue(kind) is { } other && other != ObjectNames.Grants
                && Array.Find<Option>([policy, phase, live, unreviewed], o => parse.GetResult(o) is { Implicit: false }) is { } flag)
            {
                throw CliException.Usage($"{flag.Name} applies to grants, not to {other}. Remove one of them.");
            }

            using var cluster = invocation.Connect(parse);
            bool Wanted(BreakGlassGrant g) =>
                (parse.GetValue(policy) is not { } of || g.Spec.Policy == of)
                && (parse.GetValue(phase) is not { } at
                    || string.Equals((g.Status.Phase ?? GrantPhase.Pending).ToString(), at, StringComparison.OrdinalIgnoreCase))
                && (!parse.GetValue(live) || !g.Status.IsTerminal)
                && (!parse.GetValue(unreviewed)
                    || (g.Status.IsTerminal && Conditions.Find(g.Status.Conditions, GrantConditions.Reviewed) is { Status: not "True" }));
            var query = new ListQuery { LabelSelector = parse.GetValue(selector) };
            var view = new ObjectView(invocation.Host, cluster.Client, parse.GetValue(output));
            await (parse.GetValue(kind) switch
            {
                ObjectNames.Policies => view.ListAsync<BreakGlassPolicy>(query, Tables.Policies, cancellationToken),
                ObjectNames.Approvals => view.ListAsync<BreakGlassApproval>(query, Tables.Approvals, cancellationToken),
                ObjectNames.Reviews => view.ListAsync<BreakGlassReview>(query, Tables.Reviews, cancellationToken),
                ObjectNames.Lockdowns => view.ListAsync<BreakGlassLockdown>(query, Tables.Lockdowns, cancellationToken),
                ObjectNames.Drills => view.ListAsync<BreakGlassDrill>(query, Tables.Drills, cancellationToken),
                _ => view.ListAsync<BreakGlassGrant>(query, Tables.Grants, cancellationToken, Wanted),
            });
            return ExitCodes.Ok;
        });
        return command;
    }

    public static Command Get(Invocation invocation)
    {
        var words = new Argument<string[]>(
            "NAME") { Description = "The grant's name; or a kind (policies, approvals, reviews, lockdowns, drills) and a name", Arity = new(1, 2) };
        var output = OutputFormat.Option(OutputFormat.Wide, OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);
        var command = new Command("get", "Show one grant, or one policy, approval, review, lockdown or drill: get [KIND] NAME.") { words, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var cluster = invocation.Connect(parse);
            var (kind, name) = ObjectNames.Read(string.Join('/', parse.GetRequiredValue(words)));
            var view = new ObjectView(invocation.Host, cluster.Client, parse.GetValue(output));
            await (kind switch
            {
                ObjectNames.Policies => view.GetAsync<BreakGlassPolicy>(name, Tables.Policies, cancellationToken),
                ObjectNames.Approvals => view.GetAsync<BreakGlassApproval>(name, Tables.Approvals, cancellationToken),
                ObjectNames.Reviews => view.GetAsync<BreakGlassReview>(name, Tables.Reviews, cancellationToken),
                ObjectNames.Lockdowns => view.GetAsync<BreakGlassLockdown>(name, Tables.Lockdowns, cancellationToken),
                ObjectNames.Drills => view.GetAsync<BreakGlassDrill>(name, Tables.Drills, cancellationToken),
                _ => view.GetAsync<BreakGlassGrant>(name, Tables.Grants, cancellationToken, Describe),
            });
            return ExitCodes.Ok;
        });
        return command;
    }

    public static Command Watch(Invocation invocation)
    {
        var name = new Argument<string?>("GRANT") { Description = "The grant; by default all", Arity = ArgumentArity.ZeroOrOne };
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Name);
        var command = new Command("watch", "Follow one grant to its end, or all grants until Ctrl-C. Prints one line for each change.") { name, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var cluster = invocation.Connect(parse);
            var watch = new GrantWatch(invocation.Host, cluster.Client, parse.GetValue(output));
            if (parse.GetValue(name) is { } one) await watch.OneAsync(ObjectNames.Grant(one), cancellationToken);
            else await watch.AllAsync(cancellationToken);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Argument<string?> KindArgument() => new("KIND")
    {
        Description = "grants (default), policies, approvals, reviews, lockdowns or drills",
        CustomParser = result =>
        {
            try
            {
                return ObjectNames.Kind(result.Tokens[0].Value);
            }
            catch (CliException e)
            {
                result.AddError(e.Message);
                return null;
            }
        },
    };

    private static IEnumerable<string> Describe(BreakGlassGrant grant)
    {
        yield return $"{Callers.Shown(grant.Spec.Requester)} requests access from policy '{grant.Spec.Policy}': {grant.Spec.Justification}";
        foreach (var condition in grant.Status.Conditions) yield return $"{condition.Type}={condition.Status} ({condition.Reason}): {condition.Message}";
        if (grant.Status.Session is { } session)
        {
            yield return $"Used for {session.Requests} request(s): {session.Writes} write(s), {session.Denied} refused"
                + (session.LastActivityAt is { } last ? $", the last at {Timestamp.Text(last)}." : ".");
        }

        yield return $"Full report: kubectl breakglass report {grant.Metadata.Name}";
    }
}
