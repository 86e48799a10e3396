namespace BreakGlass.Operator.Execution;

/// <summary>What a delivered kubeconfig says of the cluster.</summary>
/// <param name="Server">URL of the API server as the requester reaches it.</param>
/// <param name="CertificateAuthority">Its CA as PEM, or null for those that the machine trusts anyway.</param>
/// <param name="ClusterName">A name for it.</param>
internal sealed record PublicCluster(Uri Server, string? CertificateAuthority, string ClusterName);
