namespace BreakGlass.Core.Api;

/// <summary>What happens if the rules of a role change after the policy was written.</summary>
public enum RolePinning
{
    /// <summary>The operator reports the change in a condition and an event.</summary>
    Warn,

    /// <summary>The operator also denies new grants until an author applies the policy again.</summary>
    Suspend,
}
