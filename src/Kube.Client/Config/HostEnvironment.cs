namespace Kube.Client;

/// <summary>What the finder of a connection asks of the machine, so that tests can have a machine of their own.</summary>
internal sealed record HostEnvironment(Func<string, string?> Variable, string Home, string ServiceAccountDirectory)
{
    /// <summary>Where the kubelet mounts a pod's token (Kubernetes docs, "Accessing the Kubernetes API from a Pod").</summary>
    private const string MountedServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    public static HostEnvironment Real { get; } = new(
        Environment.GetEnvironmentVariable,
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify),
        MountedServiceAccount);
}
