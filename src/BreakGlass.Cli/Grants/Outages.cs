namespace BreakGlass.Cli.Grants;

/// <summary>Errors that a command waits out while it follows an object, because they are likely during an incident.</summary>
internal static class Outages
{
    /// <summary>How long to wait before it is tried again.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Whether the next attempt can succeed.</summary>
    public static bool IsTransient(Exception e) =>
        e is KubeConnectionException or KubeApiException { IsServerError: true } or KubeApiException { IsTooManyRequests: true };
}
