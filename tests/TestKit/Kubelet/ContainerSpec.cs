namespace TestKit.Kubelet;

/// <summary>A container that a test wants to run.</summary>
/// <param name="Name">The name in the pod.</param>
public sealed record ContainerSpec(string Name)
{
    /// <summary>The main process, a program of this machine with its arguments. Without one the container runs until its pod is deleted.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Whether the main process reads what attached clients type.</summary>
    public bool Input { get; init; }

    /// <summary>Whether the main process runs in a terminal.</summary>
    public bool Tty { get; init; }

    /// <summary>The image, a name only: nothing is pulled.</summary>
    public string Image { get; init; } = "test.invalid/tools:1";
}
