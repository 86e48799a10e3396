namespace BreakGlass.Cli;

/// <summary>kubectl's flags, under kubectl's names.</summary>
internal sealed class GlobalFlags
{
    private readonly Option<string?> _kubeconfig = new("--kubeconfig")
        { Description = "The kubeconfig; by default $KUBECONFIG or ~/.kube/config", HelpName = "FILE", Recursive = true };
    private readonly Option<string?> _context = new("--context")
        { Description = "The kubeconfig's context; by default its current context", HelpName = "NAME", Recursive = true };
    private readonly Option<string?> _as = new("--as") { Description = "The user to impersonate", HelpName = "USER", Recursive = true };
    private readonly Option<string?> _asGroup = new("--as-group")
        { Description = "The group to impersonate, with --as", HelpName = "GROUP", Recursive = true };
    private readonly Option<TimeSpan?> _requestTimeout = DurationOption(
        "--request-timeout", "The timeout of one request to the API server; 0 for none", recursive: true);

    /// <summary>Timers take no more than 49 days.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1000);

    public IReadOnlyList<Option> All => [_kubeconfig, _context, _as, _asGroup, _requestTimeout];

    public ConnectionFlags Read(ParseResult parse) =>
        new(parse.GetValue(_kubeconfig), parse.GetValue(_context), parse.GetValue(_as), parse.GetValue(_asGroup),
            parse.GetValue(_requestTimeout) is { } limit ? (limit > TimeSpan.Zero ? limit : Longest) : null);

    /// <summary>An option that takes a duration as Kubernetes users write it.</summary>
    public static Option<TimeSpan?> DurationOption(string name, string description, bool recursive = false) => new(name)
    {
        Description = description,
        HelpName = "DURATION",
        Recursive = recursive,
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (GoDuration.TryParse(text, out var duration) && duration <= Longest) return duration;
            result.AddError(duration > Longest ? $"{name}: '{text}' is longer than {GoDuration.Format(Longest)}; use a shorter duration."
                : $"{name}: '{text}' is not a valid duration; use for example 30m, 1h30m or 45s.");
            return null;
        },
    };
}
