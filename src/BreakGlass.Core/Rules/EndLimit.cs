namespace BreakGlass.Core.Rules;

/// <summary>What sets the end of access.</summary>
public enum EndLimit
{
    /// <summary>What was decided when access was given, as it is recorded.</summary>
    Record,

    /// <summary>The end of the window of the policy's schedule.</summary>
    Window,

    /// <summary>The policy's maximum as it is now.</summary>
    Policy,

    /// <summary>The end of the token's life: the API server issued a shorter one.</summary>
    Token,

    /// <summary>The policy's idle timeout after the last use.</summary>
    Idle,

    /// <summary>The longest time that any policy can give.</summary>
    LongestGrant,
}
