namespace BreakGlass.Core.Drills;

/// <summary>
/// How long a run keeps access open before it ends the grant, so that a test can break something meanwhile. The request for the run says it: the value of
/// the annotation is then <c>ID hold=DURATION</c>.
/// </summary>
public static class DrillHold
{
    /// <summary>The longest that a run keeps access open.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private const string Word = "hold=";

    /// <summary>The value of the annotation that requests a run.</summary>
    /// <param name="id">A value that no earlier request had.</param>
    /// <param name="hold">How long the run is to keep access open; null for an ordinary run.</param>
    public static string Request(string id, TimeSpan? hold) => hold is { } time ? $"{id} {Word}{GoDuration.Format(time)}" : id;

    /// <summary>Reads a request; null if the run is an ordinary one. A run holds access no longer than its grant lasts.</summary>
    /// <param name="request">The value of the annotation.</param>
    /// <param name="duration">The duration of the run's grant.</param>
    public static TimeSpan? Of(string? request, string duration)
    {
        if (request?.Split(' ') is not [{ Length: > 0 }, var word] || !word.StartsWith(Word, StringComparison.Ordinal)) return null;
        if (!GoDuration.TryParse(word[Word.Length..], out var hold) || hold <= TimeSpan.Zero) return null;
        var most = GoDuration.TryParse(duration, out var grant) && grant < Longest ? grant : Longest;
        return hold < most ? hold : most;
    }
}
