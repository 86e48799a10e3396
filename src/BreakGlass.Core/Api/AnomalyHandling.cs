namespace BreakGlass.Core.Api;

/// <summary>What follows if a session is unusual.</summary>
public enum AnomalyHandling
{
    /// <summary>The operator reports it: a Warning event, a notification and a note in the evidence.</summary>
    Tell,

    /// <summary>The operator reports it and revokes the grant.</summary>
    Revoke,
}
