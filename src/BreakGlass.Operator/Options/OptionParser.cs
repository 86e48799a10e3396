using BreakGlass.Operator.Journal;

namespace BreakGlass.Operator.Options;

/// <summary>Reads <see cref="OperatorOptions"/> from flags and environment, and writes their help.</summary>
internal static class OptionParser
{
    /// <summary>
    /// Reads and checks everything, and reports everything that is wrong at once. A flag (<c>--name value</c>, <c>--name=value</c>,
    /// <c>--switch</c>) wins over its variable, the last of two equal flags over the first; a variable that is empty is not set.
    /// </summary>
    /// <param name="arguments">The command line without the program's name.</param>
    /// <param name="variable">Looks up an environment variable, null where it is not set.</param>
    /// <param name="options">The settings; meaningless where there are problems.</param>
    /// <returns>The problems, each a sentence or two for the person who starts the operator; none where all is well.</returns>
    public static IReadOnlyList<string> Parse(IReadOnlyList<string> arguments, Func<string, string?> variable, out OperatorOptions options)
    {
        var problems = new List<string>();
        var flags = ReadFlags(arguments, problems, out var command);
        options = new OperatorOptions { Command = command };
        if (command is OperatorCommand.Help) return [];

        var readBadly = new HashSet<string>();
        foreach (var option in OptionTable.All)
        {
            if (!flags.TryGetValue(option.Name, out var text))
            {
                text = option.Variable is null ? null : variable(option.Variable);
                if (string.IsNullOrEmpty(text)) continue;
            }

            (options, var problem) = option.Read(options, text);
            if (problem is null) continue;
            readBadly.Add(option.Name);
            problems.Add($"{option.Names} is {Quote(text)}, which {problem}.");
        }

        problems.AddRange(Contradictions(options, readBadly));
        return problems;
    }

    /// <summary>The text of <c>--help</c>: every command, and every option with its variable and default.</summary>
    public static string Help()
    {
        var text = new StringBuilder("""
            BreakGlass Operator: emergency access to Kubernetes that ends automatically.

            breakglass-operator [run] [OPTIONS]   run the operator (default)
            breakglass-operator gateway --gateway-cert-dir DIR [OPTIONS]  run the gateway for grants whose policy has path: Gateway
            breakglass-operator reap [OPTIONS]    remove all expired access once and exit; needs no running operator
            breakglass-operator revoke-all [OPTIONS]  end every grant, remove all remaining access, and exit; for an uninstall
            breakglass-operator forward-audit --file FILE [OPTIONS]  send the lines of an API server's audit log to an operator
            breakglass-operator version           print the version

            Options (a flag takes precedence over its variable; durations are for example 15s, 10m, 1h30m):

            """);
        var defaults = new OperatorOptions();
        foreach (var option in OptionTable.All)
        {
            var initial = option.Show(defaults);
            text.Append("  --").Append(option.Name);
            if (option.Value is not null) text.Append(' ').Append(option.Value);
            text.Append('\n').Append("      ").Append(option.Help).Append(".\n").Append("      ");
            if (option.Variable is not null) text.Append('$').Append(option.Variable).Append(", ");
            text.Append(initial.Length > 0 ? $"default {initial}" : "not set by default").Append('\n');
        }

        return text.ToString();
    }

    private static Dictionary<string, string> ReadFlags(IReadOnlyList<string> arguments, List<string> problems, out OperatorCommand command)
    {
        command = OperatorCommand.Run;
        var flags = new Dictionary<string, string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument is "--help" or "-h" or "help")
            {
                command = OperatorCommand.Help;
                return flags;
            }

            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                OperatorCommand? known = argument switch
                {
                    "run" => OperatorCommand.Run,
                    "reap" => OperatorCommand.Reap,
                    "revoke-all" => OperatorCommand.RevokeAll,
                    "forward-audit" => OperatorCommand.ForwardAudit,
                    "gateway" => OperatorCommand.Gateway,
                    "version" or "-v" => OperatorCommand.Version,
                    _ => null,
                };
                if (i > 0 || known is null) problems.Add(
                    $"{Quote(argument)} is neither an option nor one of the commands run, gateway, reap, revoke-all, forward-audit and version, which come "
                        + "first. See --help.");
                command = known ?? command;
                continue;
            }

            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? argument[2..] : argument[2..equals];
            if (name == "version" && equals < 0)
            {
                command = OperatorCommand.Version;
                continue;
            }

            var option = OptionTable.All.FirstOrDefault(o => o.Name == name);
            if (option is null) problems.Add($"--{name} is not an option. --help lists all options.");
            else if (equals >= 0) flags[name] = argument[(equals + 1)..];
            else if (option.Value is null) flags[name] = "true";
            else if (i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal)) flags[name] = arguments[++i];
            else problems.Add($"{option.Names} has no value. Use --{name}={option.Value}.");
        }

        return flags;
    }

    // What was read badly is reported once, by itself; its default would only make a second, misleading message.
    private static IEnumerable<string> Contradictions(OperatorOptions o, HashSet<string> readBadly)
    {
        bool WellRead(string one, string other) => !readBadly.Contains(one) && !readBadly.Contains(other);
        if (WellRead("lease-duration", "renew-deadline") && o.LeaseDuration <= o.RenewDeadline)
        {
            yield return $"--lease-duration (BREAKGLASS_LEASE_DURATION) is {GoDuration.Format(o.LeaseDuration)} and --renew-deadline "
                + "(BREAKGLASS_RENEW_DEADLINE) "
                + $"is {GoDuration.Format(o.RenewDeadline)}, so another replica could lead before this one has stopped. Make the lease duration longer than "
                + "the renew deadline, for example 15s and 10s.";
        }

        if (!readBadly.Any(name => name.StartsWith("journal", StringComparison.Ordinal)))
        {
            foreach (var problem in JournalOptions.Contradictions(o)) yield return problem;
        }

        if (WellRead("journal-listen", "journal-token-file") && (o.JournalListen is null) != (o.JournalTokenFile is null))
        {
            yield return o.JournalListen is null
                ? "--journal-token-file (BREAKGLASS_JOURNAL_TOKEN_FILE) is set and --journal-listen (BREAKGLASS_JOURNAL_LISTEN) is not, so no client can use "
                    + "the token. Set --journal-listen, for example :9445, or remove the token."
                : "--journal-listen (BREAKGLASS_JOURNAL_LISTEN) is set and --journal-token-file (BREAKGLASS_JOURNAL_TOKEN_FILE) is not, so everybody could "
                    + "read the journal. Set --journal-token-file to a file with a token, for example from 'openssl rand -hex 32'.";
        }

        if (o is { Command: OperatorCommand.Run, GatewayUrl: null } && (o.GatewayCaFile is not null || o.GatewayExtraNames.Count > 0)
            && !readBadly.Contains("gateway-url"))
        {
            yield return "--gateway-ca-file (BREAKGLASS_GATEWAY_CA_FILE) or --gateway-extra-names (BREAKGLASS_GATEWAY_EXTRA_NAMES) is set and --gateway-url "
                + "(BREAKGLASS_GATEWAY_URL) is not, so the operator has no gateway. Set --gateway-url, for example to https://gateway.example:8443.";
        }

        if (o is { JournalListen: not null, Webhook: false })
        {
            yield return "--journal-listen (BREAKGLASS_JOURNAL_LISTEN) is set and --webhook (BREAKGLASS_WEBHOOK) is false, so there is no certificate to "
                + "serve the journal with. Use --webhook=true, or remove --journal-listen.";
        }

        if (o is { AuditAddress: not null, AuditClientCa: null, AuditTokenFile: null } && WellRead("audit-client-ca", "audit-token-file"))
        {
            yield return "--audit-listen (BREAKGLASS_AUDIT_LISTEN) is set, and neither --audit-client-ca (BREAKGLASS_AUDIT_CLIENT_CA) nor --audit-token-file "
                + "(BREAKGLASS_AUDIT_TOKEN_FILE) is, so everybody could make up what was done with a grant. Set one of them.";
        }

        if (o is { AuditAddress: not null, Webhook: false })
        {
            yield return "--audit-listen (BREAKGLASS_AUDIT_LISTEN) is set and --webhook (BREAKGLASS_WEBHOOK) is false, so there is no certificate to serve "
                + "audit events with: the listener uses that of the webhooks. Set --webhook=true.";
        }

        if (o.Command is OperatorCommand.Gateway && o.GatewayCertDir is null)
        {
            yield return "gateway needs --gateway-cert-dir (BREAKGLASS_GATEWAY_CERT_DIR), a directory with tls.crt, tls.key and ca.crt.";
        }

        if (o.Command is OperatorCommand.ForwardAudit)
        {
            string?[] missing = [o.File is null ? "file" : null, o.To is null ? "to" : null, o.AuditTokenFile is null ? "audit-token-file" : null,
                o.PositionFile is null ? "position-file" : null];
            foreach (var name in missing.OfType<string>().Where(name => !readBadly.Contains(name)))
                yield return $"forward-audit needs --{name} ({VariableOf(name)}). See --help.";
        }

        if (o is { Command: OperatorCommand.Run, AuditAddress: null } && (o.AuditClientCa ?? o.AuditTokenFile) is not null
            && !readBadly.Contains("audit-listen"))
        {
            yield return "--audit-client-ca (BREAKGLASS_AUDIT_CLIENT_CA) or --audit-token-file (BREAKGLASS_AUDIT_TOKEN_FILE) is set and --audit-listen "
                + "(BREAKGLASS_AUDIT_LISTEN) is not, so no audit events are received. Set --audit-listen, for example to :9444.";
        }

        if (WellRead("journal-sinks", "journal-directory") && !readBadly.Contains("journal-bucket")
            && o is { JournalSinks.File: not null, HasJournal: false })
        {
            yield return "--journal-sinks (BREAKGLASS_JOURNAL_SINKS) is set, and neither --journal-directory (BREAKGLASS_JOURNAL_DIRECTORY) nor "
                + "--journal-bucket (BREAKGLASS_JOURNAL_BUCKET) is, so there is no journal to copy: sinks get the entries of the journal. Set one of them and "
                + "--journal-key, or remove --journal-sinks.";
        }

        if (WellRead("renew-deadline", "retry-period") && o.RenewDeadline <= 1.2 * o.RetryPeriod)
        {
            yield return $"--renew-deadline (BREAKGLASS_RENEW_DEADLINE) is {GoDuration.Format(o.RenewDeadline)} and --retry-period (BREAKGLASS_RETRY_PERIOD) "
                + $"is {GoDuration.Format(o.RetryPeriod)}, so one failed renewal would end leadership. Make the deadline more than 1.2 times the period, "
                + "for example 10s and 2s.";
        }

        if (WellRead("namespace", "grants-namespace") && o.Namespace == o.GrantsNamespace)
        {
            yield return $"--namespace (BREAKGLASS_NAMESPACE) and --grants-namespace (BREAKGLASS_GRANTS_NAMESPACE) are both {o.Namespace}. "
                + "Use two namespaces: no pod may run in the namespace of the grants' identities, not even the operator's.";
        }
    }

    private static string? VariableOf(string name) => OptionTable.All.First(option => option.Name == name).Variable;

    // Long or odd values are cut: the message is for a terminal. A URL's user and password are never shown, also where the scheme was forgotten; a
    // password may hold an @ itself.
    private static string Quote(string text)
    {
        var at = text.LastIndexOf('@');
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (at > scheme) text = string.Concat(text.AsSpan(0, scheme < 0 ? 0 : scheme + 3), "…", text.AsSpan(at));
        if (text.Length > 80) text = string.Concat(text.AsSpan(0, 80), "…");
        return $"\"{string.Concat(text.Select(c => char.IsControl(c) ? '�' : c))}\"";
    }
}
