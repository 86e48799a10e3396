using BreakGlass.Cli.Evidence;

namespace BreakGlass.Cli.Commands;

/// <summary><c>report</c>: the evidence of one grant.</summary>
internal static class ReportCommand
{
    private const string Markdown = "markdown";
    private const string Html = "html";

    public static Command Create(Invocation invocation)
    {
        var name = new Argument<string>("GRANT") { Description = "The grant" };
        var output = OutputFormat.Option(Markdown, OutputFormat.Json, Html);
        var command = new Command("report", "Print the record of one grant: who, why, what, when, who approved it, how it ended, and its review.")
            { name, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            using var cluster = invocation.Connect(parse);
            var evidence = await GrantEvidence.ReadAsync(cluster.Client, ObjectNames.Grant(parse.GetRequiredValue(name)), host.Time, cancellationToken);
            await (parse.GetValue(output) switch
            {
                OutputFormat.Json => OutputFormat.WriteNodeAsync(host, OutputFormat.Json, EvidenceText.Json(evidence)),
                Html => host.Out.WriteAsync(EvidenceText.Html(evidence)),
                _ => host.Out.WriteAsync(EvidenceText.Markdown(evidence)),
            });
            if (evidence.Unread.Count > 0)
            {
                var auditor = evidence.Unread.Any(what => what != GrantEvidence.EventsWord)
                    ? " Ask a person with the role breakglass-auditor for the full record." : "";
                var events = evidence.Unread.Contains(GrantEvidence.EventsWord) ? " To read events, you need the right to list events.events.k8s.io in the "
                    + "namespaces default and kube-system, which none of BreakGlass's roles gives." : "";
                await host.SayAsync(
                    $"Note: you are not allowed to read {string.Join(", ", evidence.Unread)}, so they are not in the report.{auditor}{events}");
            }

            return ExitCodes.Ok;
        });
        return command;
    }
}
