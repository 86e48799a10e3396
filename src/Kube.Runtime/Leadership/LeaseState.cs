namespace Kube.Runtime;

/// <summary>What a try to get or keep the lease has shown.</summary>
internal enum LeaseState
{
    /// <summary>It is ours and was renewed.</summary>
    Ours,

    /// <summary>Somebody else holds it.</summary>
    Foreign,

    /// <summary>Nothing: the try failed.</summary>
    Unknown,
}
