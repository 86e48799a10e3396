using System.CommandLine.Completions;
using BreakGlass.Cli.Hosting;

namespace BreakGlass.Cli.Commands;

/// <summary>Completion in shells.</summary>
internal static class CompletionCommands
{
    public const string Hook = "__complete";

    public static IEnumerable<CompletionItem> Policies(CompletionContext context) => [];

    public static IEnumerable<CompletionItem> Grants(CompletionContext context) => [];

    public static Task<int> CompleteAsync(IReadOnlyList<string> words, CliHost host, CancellationToken cancellationToken) => Task.FromResult(words.Count + (host is null || cancellationToken.IsCancellationRequested ? 1 : 0));
}
