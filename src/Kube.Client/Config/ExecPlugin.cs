namespace Kube.Client;

/// <summary>A program that prints credentials (client.authentication.k8s.io; Kubernetes docs, "client-go credential plugins").</summary>
public sealed record ExecPlugin
{
    /// <summary>The program: on the PATH, absolute, or relative to the kubeconfig's directory where it holds a slash.</summary>
    public required string Command { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> Args { get; init; } = [];

    /// <summary>Variables on top of this process's own.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary><c>client.authentication.k8s.io/v1</c> or <c>…/v1beta1</c>.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>What to tell a person who lacks the program.</summary>
    public string? InstallHint { get; init; }

    /// <summary>Whether the plugin is told which cluster it is for (<c>KUBERNETES_EXEC_INFO</c>).</summary>
    public bool ProvideClusterInfo { get; init; }

    /// <summary>Whether it may ask a person something.</summary>
    public InteractiveMode InteractiveMode { get; init; } = InteractiveMode.IfAvailable;

    /// <summary>The directory that a relative command is relative to.</summary>
    public string? BaseDirectory { get; init; }

    /// <summary>The cluster's <c>client.authentication.k8s.io/exec</c> extension, passed on to the plugin.</summary>
    internal JsonNode? ClusterExtension { get; init; }

    /// <summary>The command alone: arguments and variables may hold secrets.</summary>
    public override string ToString() => $"exec {Command}";
}
