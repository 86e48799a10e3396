namespace BreakGlass.Core.Rules;

/// <summary>Whether access waits for the journal.</summary>
public static class JournalRules
{
    /// <summary>Whether nothing may be created for a grant of this policy before the journal contains its record.</summary>
    /// <param name="policy">The policy; null if it is gone.</param>
    /// <param name="settings">The operator's own setting, for policies that do not say.</param>
    public static bool IsRequired(PolicySpec? policy, CoreSettings settings) =>
        policy?.Journal is { } mode ? mode is JournalMode.Required : settings.RequiresJournal;
}
