using System.CommandLine;
using BreakGlass.Cli.Grants;
using BreakGlass.Cli.Hosting;
using BreakGlass.Cli.Output;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using Kube.Client;

namespace BreakGlass.Cli.Commands;

/// <summary><c>lockdown</c>: the kill switch, on and off.</summary>
internal static class LockdownCommand
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromMinutes(1);

    public static Command Create(Invocation invocation)
    {
        var command = new Command("lockdown", "End all access at once and keep it shut, or lift that again.");
        var name = new Argument<string?>("NAME") { Description = "The lockdown's name; made up where left out. With --lift: which one, where there are several", Arity = ArgumentArity.ZeroOrOne };
        var reason = new Option<string?>("--reason", "-r") { Description = "Why, for those who wonder", HelpName = "TEXT" };
        var selector = new Option<string?>("--selector", "-l") { Description = "Only policies with these labels, e.g. team=payments; everything where left out", HelpName = "LABELS" };
        var lift = new Option<bool>("--lift") { Description = "Lift it: grants are given again" };
        var wait = new Option<bool>("--wait") { Description = "Wait until everything in its scope is proven to be over (default)", DefaultValueFactory = _ => true };
        var timeout = GlobalFlags.DurationOption("--timeout", "How long to wait (default 1m)");
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);
        var dryRun = OutputFormat.DryRunOption();
        var by = AskOptions.StampOption("--by");
        command.Arguments.Add(name);
        foreach (var option in (Option[])[reason, selector, lift, wait, timeout, output, dryRun, by]) command.Options.Add(option);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var cluster = invocation.Connect(parse);
            var run = new LockdownRun(invocation.Host, cluster.Client, OutputFormat.DryRun(parse.GetValue(dryRun)), parse.GetValue(output));
            var named = parse.GetValue(name) is { } text ? ObjectNames.Lockdown(text) : null;
            if (parse.GetValue(lift))
            {
                if (parse.GetValue(selector) is not null) throw CliException.Usage("--selector says what a lockdown shuts, not which one to lift. Name the lockdown: kubectl breakglass lockdown NAME --lift; see which there are: kubectl breakglass list lockdowns");
                return await run.LiftAsync(named, cancellationToken);
            }

            var lockdown = new BreakGlassLockdown
            {
                Metadata = named is not null ? new() { Name = named } : new() { GenerateName = "lockdown-" },
                Spec = new()
                {
                    Reason = parse.GetValue(reason) ?? "",
                    PolicySelector = LabelSelectors.Parse(parse.GetValue(selector)),
                    By = AskOptions.Stamp(parse.GetValue(by)),
                },
            };
            return await run.EngageAsync(lockdown, parse.GetValue(wait) ? parse.GetValue(timeout) ?? UsualTimeout : null, cancellationToken);
        });
        return command;
    }
}

/// <summary>One run of <c>lockdown</c>.</summary>
internal sealed class LockdownRun(CliHost host, KubeClient client, DryRun dryRun, string? format)
{
    public async Task<int> EngageAsync(BreakGlassLockdown lockdown, TimeSpan? wait, CancellationToken cancellationToken)
    {
        if (LockdownRules.Check(lockdown) is { Field: "spec.reason" }) throw CliException.Usage("--reason is missing: write why everything is shut, for those whose access ends now.");
        // Not given up halfway: nobody would know whether everything is shut.
        BreakGlassLockdown made;
        try
        {
            made = await dryRun.WriteAsync(client, lockdown, to => to.CreateAsync(lockdown, CancellationToken.None));
        }
        catch (KubeApiException e) when (HandCut.IsCalledFor(e) && dryRun is DryRun.None)
        {
            // The webhook configuration is one that lets no lockdown through: older than this plugin, or changed.
            throw await new HandCut(client).CutAsync("the lockdown cannot be written", await CoveredAsync(lockdown, cancellationToken), cancellationToken);
        }

        if (dryRun is DryRun.None && Core.Sealing.Seal.Of(made) is null)
        {
            await host.SayAsync("No replica of the operator answered, so the record of this lockdown does not say who made it. It shuts nevertheless, as soon as the operator runs. See whether its pods run: kubectl get pods -n breakglass-system");
        }

        if (dryRun is DryRun.None && wait is { } limit) made = await UntilCompleteAsync(made, limit, cancellationToken);
        await ShowAsync(made, $"engaged{dryRun.Suffix()}{(made.Status.Revoked is { } revoked ? $", {revoked} grant(s) revoked" : "")}");
        return ExitCodes.Ok;
    }

    private async Task<IEnumerable<BreakGlassGrant>> CoveredAsync(BreakGlassLockdown lockdown, CancellationToken cancellationToken)
    {
        var policies = (await client.ListAsync<BreakGlassPolicy>(new(), cancellationToken)).Items.ToDictionary(p => p.Metadata.Name);
        return (await client.ListAsync<BreakGlassGrant>(new(), cancellationToken)).Items.Where(g => LockdownRules.Covers(lockdown, policies.GetValueOrDefault(g.Spec.Policy)));
    }

    public async Task<int> LiftAsync(string? name, CancellationToken cancellationToken)
    {
        BreakGlassLockdown lockdown;
        if (name is not null)
        {
            lockdown = await client.GetAsync<BreakGlassLockdown>(name, null, cancellationToken);
        }
        else
        {
            var all = (await client.ListAsync<BreakGlassLockdown>(new(), cancellationToken)).Items;
            if (all.Count == 0)
            {
                await host.SayAsync("there is no lockdown to lift");
                return ExitCodes.Ok;
            }

            lockdown = all.Count == 1 ? all[0] : throw CliException.Usage(
                $"there are {all.Count} lockdowns, so say which one to lift: {string.Join(", ", all.Select(l => $"{l.Metadata.Name} ({LockdownRules.Reason(l)}, by {Callers.Shown(l.Spec.By)})"))}.");
        }

        await dryRun.WriteAsync(client, false, from => from.DeleteAsync<BreakGlassLockdown>(lockdown.Metadata.Name, null, new() { Uid = lockdown.Metadata.Uid }, cancellationToken));
        await ShowAsync(lockdown, $"lifted{dryRun.Suffix()}");
        return ExitCodes.Ok;
    }

    private async Task<BreakGlassLockdown> UntilCompleteAsync(BreakGlassLockdown lockdown, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var last = lockdown;
        try
        {
            return await Progress.RunAsync(host, $"{lockdown.Metadata.Name}: engaged; ending what is active", async report =>
            {
                await foreach (var now in new Follower<BreakGlassLockdown>(client, host.Time).FollowAsync(lockdown, both.Token))
                {
                    last = now;
                    if (Conditions.IsTrue(now.Status.Conditions, "Complete")) return now;
                    if (Conditions.Find(now.Status.Conditions, "Complete") is { Message.Length: > 0 } so) report($"{now.Metadata.Name}: {so.Message}");
                }

                throw new CliException(ExitCodes.Error, $"lockdown '{lockdown.Metadata.Name}' was lifted while it was being carried out, so not everything may be over. Who did is in the API server's audit log; see what is left: kubectl breakglass list --live");
            });
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await SayEngagedAsync(last);
            throw;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.TimedOut,
                $"lockdown '{lockdown.Metadata.Name}' is engaged, and not everything was proven to be over within {GoDuration.Format(timeout)}. See what is left: kubectl breakglass list --live; and whether the operator runs: kubectl get pods -n breakglass-system", e);
        }
    }

    private Task SayEngagedAsync(BreakGlassLockdown lockdown) => host.SayAsync(
        $"lockdown '{lockdown.Metadata.Name}' stays engaged, and nobody waits any more until everything is over. See it: kubectl breakglass get lockdowns {lockdown.Metadata.Name}; to lift it: kubectl breakglass lockdown {lockdown.Metadata.Name} --lift");

    private Task ShowAsync(BreakGlassLockdown lockdown, string words) => format is not null
        ? OutputFormat.WriteAsync(host, format, lockdown)
        : host.Out.WriteLineAsync($"breakglasslockdown.breakglass.dev/{(lockdown.Metadata.Name is { Length: > 0 } name ? name : lockdown.Metadata.GenerateName)} {words}");
}

/// <summary>Label selectors as kubectl's <c>-l</c> has them.</summary>
internal static class LabelSelectors
{
    /// <summary>Reads one; null where nothing is selected by.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static LabelSelector? Parse(string? text)
    {
        if (text is null) return null;
        if (string.IsNullOrWhiteSpace(text)) throw CliException.Usage("--selector says nothing, and everything would be shut. Write the labels of the policies that are meant, or leave it out to mean everything.");
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        var expressions = new List<LabelSelectorRequirement>();
        foreach (var part in Parts(text))
        {
            if (part.Split("!=") is [var unlike, var not]) expressions.Add(new() { Key = Key(unlike, text), Operator = "NotIn", Values = [not.Trim()] });
            else if (part.Replace("==", "=", StringComparison.Ordinal).Split('=') is [var key, var value])
            {
                if (!labels.TryAdd(Key(key, text), value.Trim())) throw CliException.Usage($"'{text}' wants two values of the label '{key.Trim()}' at once, which no policy has; write '{key.Trim()} in (…)' for either.");
            }
            else if (part.Split(" in ") is [var of, var set]) expressions.Add(new() { Key = Key(of, text), Operator = "In", Values = Set(set, text) });
            else if (part.Split(" notin ") is [var off, var unset]) expressions.Add(new() { Key = Key(off, text), Operator = "NotIn", Values = Set(unset, text) });
            else if (part.StartsWith('!')) expressions.Add(new() { Key = Key(part[1..], text), Operator = "DoesNotExist" });
            else expressions.Add(new() { Key = Key(part, text), Operator = "Exists" });
        }

        return new() { MatchLabels = labels, MatchExpressions = expressions };
    }

    /// <summary>Cut at the commas that stand outside parentheses.</summary>
    private static IEnumerable<string> Parts(string text)
    {
        var (depth, from) = (0, 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '(') depth++;
            else if (i < text.Length && text[i] == ')') depth--;
            else if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                yield return text[from..i].Trim();
                from = i + 1;
            }
        }
    }

    private static string Key(string key, string text)
    {
        var trimmed = key.Trim();
        return trimmed.Length > 0 && trimmed.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/') ? trimmed : throw Wrong(text);
    }

    private static string[] Set(string set, string text)
    {
        var trimmed = set.Trim();
        if (!trimmed.StartsWith('(') || !trimmed.EndsWith(')')) throw Wrong(text);
        return trimmed[1..^1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private static CliException Wrong(string text) => CliException.Usage($"'{text}' is no label selector; write it as team=payments, tier!=prod, 'team in (a,b)', team or '!team', with commas between several.");
}
