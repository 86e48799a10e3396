using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary>The flags that select entries.</summary>
internal sealed class EntryFilter
{
    private readonly Option<string?> _grant = new("--grant") { Description = "Only entries of this grant", HelpName = "GRANT" };
    private readonly Option<string?> _actor = new("--actor") { Description = "Only what this user caused", HelpName = "USER" };
    private readonly Option<string?> _type = new("--type") { Description = "Only this type, for example grant.activated", HelpName = "TYPE" };
    private readonly Option<DateTimeOffset?> _from = TimeOption("--from", "Only entries at or after this time");
    private readonly Option<DateTimeOffset?> _to = TimeOption("--to", "Only entries before this time");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_grant, _actor, _type, _from, _to]) command.Options.Add(option);
    }

    public Func<JournalEntry, bool> Read(ParseResult parse)
    {
        var (grant, actor, type) = (parse.GetValue(_grant), parse.GetValue(_actor), parse.GetValue(_type));
        var (from, to) = (parse.GetValue(_from), parse.GetValue(_to));
        return entry => (grant is null || entry.IsOf(grant))
            && (actor is null || entry.Data.Actor == actor)
            && (type is null || entry.Type == type || entry.Type.EndsWith("." + type, StringComparison.Ordinal))
            && (from is null || entry.Time >= from)
            && (to is null || entry.Time < to);
    }

    private static Option<DateTimeOffset?> TimeOption(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (Timestamp.TryParse(text, out var time)) return time;
            result.AddError($"{name}: '{text}' is not a valid time; use for example 2026-03-01T14:30:00Z.");
            return null;
        },
    };
}
