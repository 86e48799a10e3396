using BreakGlass.Cli.Journal;

namespace BreakGlass.Cli.Commands;

/// <summary><c>rotate</c>: replaces the operator's keys, on schedule or because one has leaked.</summary>
internal static class RotateCommand
{
    /// <summary>The word for every key.</summary>
    public const string All = "all";

    private static readonly TimeSpan UsualTimeout = TimeSpan.FromMinutes(15);

    /// <summary>The journal's key, which the operator reads from a file and cannot write.</summary>
    private const string JournalKey = "journal-key";

    private const string JournalSteps = "the operator has no right to replace the journal's key. Name the Secret that its key file comes from with "
        + "--journal-secret, and you replace it with your own rights; or do it by hand: docs/journal.md, 'Replacing the key'.";

    /// <summary>What can be rotated.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. RotatedKeys.All, JournalKey, All];

    public static Command Create(Invocation invocation)
    {
        var key = new Argument<string>("KEY")
        {
            HelpName = "KEY",
            Description = "seals: the keys that admission seals objects with; webhook-ca: the authority of the webhooks' certificate; gateway-ca: the "
                + "authority of the gateway and of its clients; journal-key: the key that signs the journal, with --journal-secret; all",
        };
        key.AcceptOnlyFromAmong([.. Keys]);
        var overlap = GlobalFlags.DurationOption("--overlap", "How long the old key is accepted beside the new one; 0 if it has leaked");
        var ns = new Option<string>("--namespace", "-n") { Description = "The operator's namespace", HelpName = "NAMESPACE",
            DefaultValueFactory = _ => "breakglass-system" };
        var secret = new Option<string?>("--journal-secret") { HelpName = "SECRET",
            Description = "The Secret with journal.key, in which journal-key and all replace the journal's key" };
        var wait = new Option<bool>("--wait") { Description = "Wait until everything rests on the new key, and with --overlap 0 until the old one is refused "
            + "(default)", DefaultValueFactory = _ => true };
        var timeout = GlobalFlags.DurationOption("--timeout", "How long to wait (default 15m)");
        var command = new Command("rotate", "Replace the operator's keys: new ones at once, and the old ones refused after an overlap.")
            { key, overlap, ns, secret, wait, timeout };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (name, journal) = (parse.GetRequiredValue(key), parse.GetValue(secret));
            if (journal is not null && name is not (All or JournalKey)) throw CliException.Usage("--journal-secret requires the key journal-key or all.");
            if (name == JournalKey && journal is null) throw new CliException(ExitCodes.Refused, $"journal-key: {JournalSteps}");
            if (parse.GetValue(overlap) is not { } time) throw CliException.Usage("--overlap is missing. Use 0 if the key has leaked: access that rests on it "
                + "ends. Use for example 24h for a planned rotation, which ends nothing.");
            if (time > RotationRequest.LongestOverlap)
                throw CliException.Usage($"--overlap is longer than {GoDuration.Format(RotationRequest.LongestOverlap)}. Use a shorter duration.");
            using var cluster = invocation.Connect(parse);
            var (host, client, place) = (invocation.Host, cluster.Client, parse.GetRequiredValue(ns));
            if (name is All or JournalKey)
            {
                if (journal is null) await host.SayAsync($"journal-key: not rotated: {JournalSteps}");
                else await new JournalKeyRotation(host, client, place, journal).RunAsync(hasLeaked: time == TimeSpan.Zero, cancellationToken);
                if (name == JournalKey) return ExitCodes.Ok;
            }

            return await new RotateRun(host, client, place).RunAsync(
                name == All ? RotatedKeys.All : [name], time, parse.GetValue(wait) ? parse.GetValue(timeout) ?? UsualTimeout : null, cancellationToken);
        });
        return command;
    }
}
