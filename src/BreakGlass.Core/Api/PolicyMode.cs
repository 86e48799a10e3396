namespace BreakGlass.Core.Api;

/// <summary>The model of emergency access.</summary>
public enum PolicyMode
{
    /// <summary>Access immediately after the request, reviewed afterwards.</summary>
    BreakGlass,

    /// <summary>Access after approval.</summary>
    JustInTime,

    /// <summary>Access in a planned window.</summary>
    TimeBoxed,
}
