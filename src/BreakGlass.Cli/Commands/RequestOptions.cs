using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Commands;

/// <summary>What a request says, as options: <c>request</c> and <c>credential</c> share them.</summary>
internal sealed class RequestOptions
{
    private readonly Argument<string?>? _policy;
    private readonly Option<string?>? _policyOption;

    private readonly Option<string?> _reason = new("--reason", "-r") { Description = "Why you need access; reviewers read it", HelpName = "TEXT" };
    private readonly Option<string?> _ticket = new("--ticket", "-t") { Description = "The number of the incident or change", HelpName = "ID" };
    private readonly Option<TimeSpan?> _for = GlobalFlags.DurationOption("--for", "How long, for example 30m; by default the policy's default");
    private readonly Option<string?> _start = new("--start") { Description = "Policies of mode TimeBoxed: when access starts (RFC 3339)", HelpName = "TIME" };
    private readonly Option<string[]> _access = new("--access")
        { Description = "Only this access entry of the policy; can be repeated", HelpName = "ENTRY", DefaultValueFactory = _ => [] };
    private readonly Option<string[]> _namespaces = new("--namespace", "-n")
        { Description = "Only this namespace; can be repeated", HelpName = "NAME", DefaultValueFactory = _ => [] };
    private readonly Option<bool> _requireAll = new("--require-all")
        { Description = "Give access in all places of the request or in none; by default access opens where it can" };
    private readonly Option<string?> _name = new("--name")
        { Description = "The grant's name; by default derived from the ticket or the policy", HelpName = "NAME" };
    private readonly Option<string?> _requester = StampOption("--requester");

    public RequestOptions(Command command, bool policyAsOption = false)
    {
        if (policyAsOption)
        {
            _policyOption = new("--policy", "-p") { Description = "The policy to use", HelpName = "POLICY" };
            command.Options.Add(_policyOption);
        }
        else
        {
            _policy = new("POLICY")
                { Description = "The policy to use; 'kubectl breakglass policies' lists those that you can use", Arity = ArgumentArity.ZeroOrOne };
            command.Arguments.Add(_policy);
        }

        foreach (var option in (Option[])[_reason, _ticket, _for, _start, _access, _namespaces, _requireAll, _name, _requester]) command.Options.Add(option);
    }

    /// <summary>
    /// Who does it, as USER or USER,GROUP,…: for an operator that takes manifests as written (a demonstration, a cluster without its webhooks). Where there is
    /// admission it stamps who really does it.
    /// </summary>
    public static Option<string?> StampOption(string name) => new(name) { Hidden = true };

    public static Caller? Stamp(string? text) => text?.Split(
        ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is [var user, .. var groups]
        ? new() { Username = user, Groups = groups }
        : null;

    /// <summary>The request as the options say it; what they leave open is as the voucher says, if there is one.</summary>
    public GrantDraft Read(ParseResult parse, Voucher? voucher = null)
    {
        var reason = parse.GetValue(_reason);
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw CliException.Usage(
                "--reason is missing: explain in a sentence why you need access. The reason is kept with the grant, and reviewers read it.");
        }

        DateTimeOffset? start = null;
        if (parse.GetValue(_start) is { } text)
        {
            start = Timestamp.TryParse(text, out var time)
                ? time : throw CliException.Usage($"--start: '{text}' is not a valid time; use for example 2026-03-28T22:00:00Z, or an offset (+01:00).");
        }

        var policy = (_policy is not null ? parse.GetValue(_policy) : parse.GetValue(_policyOption!)) is { Length: > 0 } named
            ? ObjectNames.Policy(named) : "";
        if (_policy is not null && policy.Length == 0)
            policy = voucher?.Policy ?? throw CliException.Usage("Required argument 'POLICY' missing: name the policy, or a voucher with --voucher FILE.");
        if (voucher is not null && policy != voucher.Policy) throw CliException.Usage($"the voucher is for policy '{voucher.Policy}', not for '{policy}'.");
        return new()
        {
            Policy = policy,
            Reason = reason,
            Ticket = parse.GetValue(_ticket),
            For = parse.GetValue(_for),
            Start = start,
            Access = parse.GetValue(_access) is { Length: > 0 } access ? access : voucher?.Access ?? [],
            Namespaces = parse.GetValue(_namespaces) is { Length: > 0 } namespaces ? namespaces : voucher?.Namespaces ?? [],
            RequireAll = parse.GetValue(_requireAll),
            Name = parse.GetValue(_name),
            Requester = Stamp(parse.GetValue(_requester)),
        };
    }
}
