namespace BreakGlass.Core.Api;

/// <summary>What is unusual about a session.</summary>
public enum AnomalyKind
{
    /// <summary>More requests read Secrets than the policy's limit.</summary>
    SecretsRead,

    /// <summary>A request listed or watched the Secrets of all namespaces.</summary>
    SecretsListed,

    /// <summary>More requests were refused than the policy's limit.</summary>
    Denied,

    /// <summary>Requests came from two addresses in turn.</summary>
    ParallelAddresses,

    /// <summary>Requests came from two programs in turn.</summary>
    ParallelPrograms,

    /// <summary>A command was executed in a pod, which no earlier session of the policy did.</summary>
    FirstExec,

    /// <summary>Another user was impersonated, which no earlier session of the policy did.</summary>
    FirstImpersonation,

    /// <summary>A kind of object was used that no earlier session of the policy used.</summary>
    FirstKind,

    /// <summary>A workload was created in the last minute of the grant.</summary>
    LateWorkload,
}
