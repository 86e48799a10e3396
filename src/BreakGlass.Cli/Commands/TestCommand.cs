using BreakGlass.Cli.Checks;
using BreakGlass.Cli.Policies;
using YamlDotNet.Core;

namespace BreakGlass.Cli.Commands;

/// <summary><c>test</c>: plays requests through policies in files, without a cluster.</summary>
internal static class TestCommand
{
    public static Command Create(Invocation invocation)
    {
        var files = new Argument<string[]>("FILE") { Description = "Files or directories with the policies, and with the roles and namespaces that they "
            + "need", Arity = ArgumentArity.OneOrMore };
        var cases = new Option<string[]>("--cases", "-c") { Description = "The file with the cases; can be repeated", HelpName = "FILE", Required = true };
        var output = OutputFormat.Option("text", OutputFormat.Json, Reports.Sarif, Reports.JUnit);
        var command = new Command("test", "Test policies in files without a cluster: simulate requests and compare the results with expectations.")
            { files, cases, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            var manifests = await ManifestSet.ReadAsync(host, parse.GetValue(files)!, cancellationToken);
            var all = Broken(manifests).ToList();
            foreach (var file in parse.GetValue(cases)!) all.AddRange(await PlayAsync(manifests, file, cancellationToken));
            await Reports.WriteAsync(host, parse.GetValue(output), "test", all);
            if (parse.GetValue(output) is null or "text") await ShowAsync(host, all);
            await host.SayAsync($"{all.Count - all.Count(c => c.Failed)} passed, {all.Count(c => c.Failed)} failed");
            return all.Exists(c => c.Failed) ? ExitCodes.Error : ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Policies that are not valid are not tested.</summary>
    private static IEnumerable<CheckedItem> Broken(ManifestSet manifests) =>
        from found in new Linter(manifests, AssumedCluster.Settings).Run()
        let errors = found.Findings.Where(f => f.Level is FindingLevel.Error).ToList()
        where errors.Count > 0
        select found with { Findings = errors };

    private static async Task<IReadOnlyList<CheckedItem>> PlayAsync(ManifestSet manifests, string file, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        var shown = file.Replace('\\', '/');
        try
        {
            var documents = YamlDocument.ReadAll(text).Where(d => d.Root is not null).DefaultIfEmpty(new(null, new Dictionary<string, SourceLocation>()));
            return [.. documents.SelectMany(d => new CaseRunner(manifests, CasesFile.Read(shown, d), shown, d).Run())];
        }
        catch (YamlException e)
        {
            throw new CliException(
                ExitCodes.Usage, $"{shown}:{e.Start.Line}:{e.Start.Column}: invalid YAML; check the indentation and quoting before this position.", e);
        }
    }

    private static async Task ShowAsync(CliHost host, List<CheckedItem> all)
    {
        foreach (var passed in all.Where(c => !c.Failed)) await host.Out.WriteLineAsync($"ok    {passed.Name}");
        foreach (var failed in all.Where(c => c.Failed)) await host.Out.WriteLineAsync($"FAIL  {failed.Name}");
    }
}
