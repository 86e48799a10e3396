namespace Simulation;

/// <summary>What ends the grant.</summary>
internal enum EndedBy
{
    Expiry,
    Revoke,
    GrantDeletion,
    PolicyDeletion,
    AuthoritySuspension,
}
