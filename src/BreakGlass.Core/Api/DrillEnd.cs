namespace BreakGlass.Core.Api;

/// <summary>How a run of a drill ends its grant.</summary>
public enum DrillEnd
{
    /// <summary>The drill revokes the grant as soon as it has used the access.</summary>
    Revoke,

    /// <summary>The drill waits until the grant expires.</summary>
    Expire,
}
