using System.CommandLine;
using BreakGlass.Cli.Grants;
using BreakGlass.Cli.Hosting;
using BreakGlass.Cli.Output;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using Kube.Client;

namespace BreakGlass.Cli.Commands;

/// <summary><c>revoke</c>: ends access at once.</summary>
internal static class RevokeCommand
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(30);

    public static Command Create(Invocation invocation)
    {
        var command = new Command("revoke", "End access at once. A grant that is over already is no error.");
        var names = new Argument<string[]>("GRANT") { Description = "The grant; several may be given", Arity = ArgumentArity.OneOrMore };
        var reason = new Option<string?>("--reason", "-r") { Description = "Why, for the record", HelpName = "TEXT" };
        var wait = new Option<bool>("--wait") { Description = "Wait until access is cut (default)", DefaultValueFactory = _ => true };
        var timeout = GlobalFlags.DurationOption("--timeout", "How long to wait (default 30s)");
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);
        var dryRun = OutputFormat.DryRunOption();
        var by = AskOptions.StampOption("--by");
        command.Arguments.Add(names);
        foreach (var option in (Option[])[reason, wait, timeout, output, dryRun, by]) command.Options.Add(option);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, used) = (invocation.Host, invocation.Host.Variable(OwnWay.Variable));
            using var cluster = invocation.Connect(parse);
            var run = new RevokeRun(invocation.Host, cluster.Client, parse.GetValue(reason), AskOptions.Stamp(parse.GetValue(by))?.Username, OutputFormat.DryRun(parse.GetValue(dryRun)), parse.GetValue(output));
            foreach (var name in parse.GetValue(names)!) await run.RunAsync(name, parse.GetValue(wait) ? parse.GetValue(timeout) ?? UsualTimeout : null, cancellationToken);
            if (parse.GetValue(names)!.Any(name => CredentialFiles.KubeconfigOf(host, name) == used)) await host.SayAsync($"KUBECONFIG still names the kubeconfig of that grant, which is gone. Back to your own: {invocation.Own(parse).Words}");
            return ExitCodes.Ok;
        });
        return command;
    }
}

/// <summary>One run of <c>revoke</c>.</summary>
internal sealed class RevokeRun(CliHost host, KubeClient client, string? reason, string? by, DryRun dryRun, string? format)
{
    public async Task RunAsync(string name, TimeSpan? wait, CancellationToken cancellationToken)
    {
        CredentialFiles.Forget(CredentialFiles.KubeconfigOf(host, name));
        var grant = await client.GetAsync<BreakGlassGrant>(name, null, cancellationToken);
        if (GrantLifecycle.IsTerminal(grant.Status.Phase))
        {
            await ShowAsync(grant, $"{OutputFormat.NameOf(grant)} is over already: {GrantWords.Line(grant)}");
            return;
        }

        if (dryRun is not DryRun.None)
        {
            using var rehearsal = client.WithOwnConnection(new() { DryRun = true });
            var judged = dryRun is DryRun.Server ? await GrantRequester.RevokeAsync(rehearsal, name, reason, by, cancellationToken) : grant with { Spec = grant.Spec with { Revoke = new() { Reason = reason } } };
            await ShowAsync(judged, $"{OutputFormat.NameOf(grant)} revoked ({(dryRun is DryRun.Server ? "server " : "")}dry run)");
            return;
        }

        if (grant.Spec.Revoke is null) grant = await GrantRequester.RevokeAsync(client, name, reason, by, cancellationToken);
        if (wait is { } limit) grant = await UntilOverAsync(grant, limit, cancellationToken);
        await ShowAsync(grant, wait is null ? $"{OutputFormat.NameOf(grant)} will be revoked" : $"{OutputFormat.NameOf(grant)} revoked");
    }

    private async Task<BreakGlassGrant> UntilOverAsync(BreakGlassGrant grant, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await foreach (var now in new Follower<BreakGlassGrant>(client, host.Time).FollowAsync(grant, both.Token))
            {
                if (GrantLifecycle.IsTerminal(now.Status.Phase)) return now;
            }

            return grant;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var ends = grant.Status.ExpiresAt is { } at ? $" Without the operator it ends at {Timestamp.Text(at)}." : "";
            throw new CliException(ExitCodes.TimedOut, $"the revocation of '{grant.Metadata.Name}' is recorded, and access was not seen to be cut within {GoDuration.Format(timeout)}.{ends} See whether the operator runs: kubectl get pods -n breakglass-system", e);
        }
    }

    private Task ShowAsync(BreakGlassGrant grant, string words) => format is null ? host.Out.WriteLineAsync(words) : OutputFormat.WriteAsync(host, format, grant);
}
