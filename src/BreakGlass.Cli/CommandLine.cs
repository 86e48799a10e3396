using System.CommandLine.Help;
using System.CommandLine.Parsing;
using BreakGlass.Cli.Commands;
using BreakGlass.Cli.Drills;
using BreakGlass.Cli.Journal;
using BreakGlass.Cli.Replay;
using BreakGlass.Cli.Vouchers;

namespace BreakGlass.Cli;

/// <summary>The whole plugin as one function from words to an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command.</summary>
    /// <returns>One of <see cref="ExitCodes"/>, or the exit code of the command that was run.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliHost host, CancellationToken cancellationToken)
    {
        if (args is [CompletionCommands.Hook, ..]) return await CompletionCommands.CompleteAsync([.. args.Skip(1)], host, cancellationToken);

        // What stands after -- belongs to somebody else's command, whatever it looks like.
        var end = args.TakeWhile(a => a != "--").Count();
        var context = new Invocation(host, [.. args.Skip(end + 1)]);
        var root = Root(context);
        var parse = root.Parse([.. args.Take(end)], new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parse.Errors.Count > 0)
        {
            await host.SayAsync($"error: {string.Join(" ", parse.Errors.Select(e => e.Message).Distinct())}");
            await host.SayAsync($"See '{Name(parse)} --help'.");
            return ExitCodes.Usage;
        }

        try
        {
            if (end < args.Count && parse.CommandResult.Command.Name != RequestCommand.Name)
                throw CliException.Usage("only 'request' can run a command: kubectl breakglass request POLICY --reason … -- COMMAND.");
            if (end == args.Count - 1) throw CliException.Usage("there is no command after --. Add one, or remove the -- to get a kubeconfig.");
            return await parse.InvokeAsync(new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null }, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception e) when (Errors.Describe(e) is not null)
        {
            var (code, text) = Errors.Describe(e)!.Value;
            await host.SayAsync($"error: {text}");
            return code;
        }
    }

    public static RootCommand Root(Invocation context)
    {
        var root = new RootCommand("Emergency access to this cluster: request, use, approve and review it, and check its policies.")
        {
            HelpName = "kubectl breakglass",
        };
        foreach (var option in context.Flags.All) root.Options.Add(option);
        Command[] commands =
        [
            RequestCommand.Create(context),
            UseCommand.Create(context),
            CredentialCommand.Create(context),
            RevokeCommand.Create(context),
            DecideCommands.Decide(context, "approve", ApprovalRules.Approve, "Approve a request for access."),
            DecideCommands.Decide(context, "deny", ApprovalRules.Deny, "Deny a request for access. One denial is enough."),
            DecideCommands.Review(context),
            LockdownCommand.Create(context),
            RotateCommand.Create(context),
            ListCommands.List(context),
            ListCommands.Get(context),
            ListCommands.Watch(context),
            PoliciesCommand.Create(context),
            PlanCommand.Create(context),
            SuggestCommand.Create(context),
            LintCommand.Create(context),
            TestCommand.Create(context),
            ReportCommand.Create(context),
            ReplayCommand.Create(context),
            JournalCommand.Create(context),
            VoucherCommand.Create(context),
            DrillCommand.Create(context),
            CompletionCommands.Create(context),
        ];
        foreach (var command in commands) root.Subcommands.Add(command);
        foreach (var help in root.Options.OfType<HelpOption>()) help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    /// <summary>The words of a command, without those of the plugin.</summary>
    public static string WordsOf(ParseResult parse)
    {
        var words = new Stack<string>();
        for (SymbolResult? at = parse.CommandResult; at is CommandResult { Command: not RootCommand } command; at = at.Parent)
            words.Push(command.Command.Name);
        return string.Join(' ', words);
    }

    private static string Name(ParseResult parse) => $"kubectl breakglass {WordsOf(parse)}".TrimEnd();
}
