using BreakGlass.Cli.Checks;
using BreakGlass.Cli.Policies;

namespace BreakGlass.Cli.Commands;

/// <summary><c>lint</c>: the rules of admission for files, without a cluster.</summary>
internal static class LintCommand
{
    public static Command Create(Invocation invocation)
    {
        var files = new Argument<string[]>("FILE") { Description = "Files, directories, or - for standard input", Arity = ArgumentArity.OneOrMore };
        var strict = new Option<bool>("--strict") { Description = "Treat warnings as errors" };
        var output = OutputFormat.Option("text", OutputFormat.Json, Reports.Sarif, Reports.JUnit);
        var command = new Command("lint", "Check policies in files with the rules of admission, without a cluster.") { files, strict, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            var all = new Linter(await ManifestSet.ReadAsync(host, parse.GetValue(files)!, cancellationToken), AssumedCluster.Settings).Run();
            if (all.Count == 0) throw CliException.Usage(
                $"no objects of breakglass.dev in {string.Join(", ", parse.GetValue(files)!)}. Name the files or directories that contain the policies.");
            await Reports.WriteAsync(host, parse.GetValue(output), "lint", all);
            var (errors, warnings) = (all.SelectMany(c => c.Findings).Count(f => f.Level is FindingLevel.Error),
                all.SelectMany(c => c.Findings).Count(f => f.Level is FindingLevel.Warning));
            await host.SayAsync($"{all.Count} checked: {errors} error(s), {warnings} warning(s)");
            return errors > 0 || (parse.GetValue(strict) && warnings > 0) ? ExitCodes.Error : ExitCodes.Ok;
        });
        return command;
    }
}
