using System.CommandLine.Completions;

namespace BreakGlass.Cli.Commands;

/// <summary>
/// Completion in shells, as kubectl asks its plugins for it (kubectl 1.26 or later): words so far in, a candidate a line out, then a directive.
/// </summary>
internal static class CompletionCommands
{
    /// <summary>What the scripts call.</summary>
    public const string Hook = "__complete";

    /// <summary>cobra's directive: complete no file names.</summary>
    private const string NoFiles = ":4";

    /// <summary>cobra's directive: the shell's own completion, which is of file names.</summary>
    private const string Files = ":0";

    /// <summary>A person waits with a finger on the key.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    public static Command Create(Invocation invocation)
    {
        var shell = new Argument<string>(
            "SHELL") { Description = "kubectl: for 'kubectl breakglass …' in any shell; bash, zsh, fish: for 'kubectl-breakglass …'" };
        shell.AcceptOnlyFromAmong([.. CompletionScripts.All.Keys]);
        var command = new Command("completion", "Print a shell script that completes commands, policies and grants.") { shell };
        command.SetAction(async (parse, _) =>
        {
            await invocation.Host.Out.WriteLineAsync(CompletionScripts.All[parse.GetRequiredValue(shell)]);
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Answers a shell. Whatever goes wrong, a shell gets no candidates and no noise.</summary>
    public static async Task<int> CompleteAsync(IReadOnlyList<string> words, CliHost host, CancellationToken cancellationToken)
    {
        var (before, word) = Split(words);
        var invocation = new Invocation(host, []);
        Command command = CommandLine.Root(invocation);
        var options = command.Options.ToList();
        foreach (var name in before)
        {
            if (command.Subcommands.FirstOrDefault(c => c.Name == name || c.Aliases.Contains(name)) is not { } inner) continue;
            command = inner;
            options.AddRange(inner.Options);
        }

        var pending = before.Count > 0 ? options.Find(
            o => (o.Name == before[^1] || o.Aliases.Contains(before[^1])) && o.Arity.MaximumNumberOfValues > 0 && o.ValueType != typeof(bool)) : null;
        var directive = NoFiles;
        IEnumerable<(string Word, string? About)> candidates;
        if (before.Contains("--") || command.Arguments.Any(a => a.Name is "FILE" or "DIR") || pending?.HelpName == "FILE")
        {
            (candidates, directive) = ([], Files);
        }
        else if (pending is not null)
        {
            candidates = pending.HelpName == "POLICY" || (pending.Name == "--policy") ? await NamesAsync<BreakGlassPolicy>(
                invocation, before, cancellationToken) : pending.GetCompletions(CompletionContext.Empty).Select(c => (c.Label, c.Documentation));
        }
        else if (word.StartsWith('-'))
        {
            candidates = options.Where(o => !o.Hidden).Select(o => (o.Name, o.Description));
        }
        else
        {
            candidates = command.Subcommands.Where(c => !c.Hidden).Select(c => (c.Name, c.Description))
                .Concat(await ArgumentsAsync(invocation, command, before, cancellationToken));
        }

        foreach (var (candidate, about) in candidates.Where(c => c.Word.StartsWith(word, StringComparison.Ordinal))
            .OrderBy(c => c.Word, StringComparer.Ordinal))
        {
            await host.Out.WriteLineAsync(string.IsNullOrEmpty(about) ? candidate : $"{candidate}\t{about.Split('\n')[0]}");
        }

        await host.Out.WriteLineAsync(directive);
        return ExitCodes.Ok;
    }

    // The value in "--flag=val" is completed like that in "--flag val"; bash makes three words of it.
    private static (List<string> Before, string Word) Split(IReadOnlyList<string> words)
    {
        var (before, word) = (words.Take(words.Count - 1).ToList(), words.Count > 0 ? words[^1] : "");
        if (word == "=") word = "";
        else if (word.StartsWith("--", StringComparison.Ordinal) && word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at)
            (before, word) = ([.. before, word[..at]], word[(at + 1)..]);
        before.RemoveAll(part => part == "=");
        return (before, word);
    }

    private static async Task<IEnumerable<(string, string?)>> ArgumentsAsync(
        Invocation invocation, Command command, List<string> before, CancellationToken cancellationToken) =>
            command.Arguments.FirstOrDefault()?.Name switch
            {
                "POLICY" => await NamesAsync<BreakGlassPolicy>(invocation, before, cancellationToken),
                "GRANT" => await NamesAsync<BreakGlassGrant>(invocation, before, cancellationToken),
                "DRILL" => await NamesAsync<BreakGlassDrill>(invocation, before, cancellationToken),
                "NAME" when command.Name == "get" => await NamesAsync<BreakGlassGrant>(invocation, before, cancellationToken),
                "NAME" when command.Name == "lockdown" => await NamesAsync<BreakGlassLockdown>(invocation, before, cancellationToken),
                "KEY" => RotateCommand.Keys.Select(key => (key, (string?)null)),
                "KIND" => ObjectNames.Kinds.Select(kind => (kind, (string?)null)),
                "SHELL" => CompletionScripts.All.Keys.Select(shell => (shell, (string?)null)),
                _ => [],
            };

    private static async Task<IEnumerable<(string, string?)>> NamesAsync<T>(Invocation invocation, List<string> before, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            var flags = new RootCommand();
            foreach (var option in invocation.Flags.All) flags.Options.Add(option);
            flags.TreatUnmatchedTokensAsErrors = false;
            using var cluster = invocation.Connect(flags.Parse(before));
            using var limit = new CancellationTokenSource(Timeout, invocation.Host.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            return [.. (await cluster.Client.ListAsync<T>(new(), both.Token)).Items.Select(i => (i.Metadata.Name, About(i)))];
        }
        catch (Exception e) when (e is OperationCanceledException || Errors.Describe(e) is not null)
        {
            return [];
        }
    }

    private static string? About(IKubernetesObject<V1ObjectMeta> o) => o switch
    {
        BreakGlassPolicy policy => policy.Spec.Description,
        BreakGlassGrant grant => $"{grant.Status.Phase} {Callers.Shown(grant.Spec.Requester)}",
        _ => null,
    };
}
