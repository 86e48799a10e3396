namespace Kube.Client;

/// <summary>What the finder of a connection asks of the machine, so that tests can have a machine of their own.</summary>
internal sealed record HostEnvironment(Func<string, string?> Variable, string Home, string ServiceAccountDirectory)
{
    public static HostEnvironment Real { get; } = new(
        Environment.GetEnvironmentVariable,
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify),
        "/var/run/secrets/kubernetes.io/serviceaccount"); // where the kubelet mounts a pod's token (Kubernetes docs)
}
