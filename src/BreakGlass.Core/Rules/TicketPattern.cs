using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace BreakGlass.Core.Rules;

/// <summary>
/// A policy's pattern for tickets, compiled once for all decisions: a pattern that is matched in linear time takes milliseconds to compile, and a
/// grant is decided on some ten times until it is active.
/// </summary>
internal sealed class TicketPattern
{
    /// <summary>The most patterns that are kept; one more, and all are compiled again when they are needed.</summary>
    internal const int Most = 100;

    // Requesters write what is matched. NonBacktracking keeps the time linear.
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);
    private static readonly ConcurrentDictionary<string, TicketPattern> Compiled = new(StringComparer.Ordinal);

    private readonly Regex? _regex;

    private TicketPattern(Regex? regex, string? error)
    {
        _regex = regex;
        Error = error;
    }

    /// <summary>Why the text is not a pattern that can be used, without a period at the end; null if it can.</summary>
    public string? Error { get; }

    /// <summary>The pattern of this text. Never throws: a text that is not a pattern has an <see cref="Error"/>.</summary>
    public static TicketPattern Of(string text)
    {
        if (Compiled.TryGetValue(text, out var known)) return known;
        var compiled = Compile(text);
        if (Compiled.Count >= Most) Compiled.Clear();
        Compiled[text] = compiled;
        return compiled;
    }

    /// <summary>Whether the ticket matches; never if the pattern cannot be used.</summary>
    public bool Matches(string ticket) => _regex?.IsMatch(ticket) ?? false;

    private static TicketPattern Compile(string text)
    {
        try
        {
            _ = new Regex(text, Options, MatchTimeout); // so that an error speaks of what the author wrote
            return new(new(Tickets.Plain(text), Options, MatchTimeout), null);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return new(null, e.Message.TrimEnd('.'));
        }
    }
}
