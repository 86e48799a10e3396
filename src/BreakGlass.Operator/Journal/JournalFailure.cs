using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>Why the journal could not be read or written, in words that contain no secret.</summary>
internal static class JournalFailure
{
    /// <summary>The words. What others throw is not shown, only its kind: it can contain a path or an address with a credential.</summary>
    public static string Of(Exception e) => e is JournalException ? e.Message : e.GetType().Name;
}
