namespace BreakGlass.Cli.Hosting;

/// <summary>A command that is run with a grant.</summary>
/// <param name="Words">The program and its arguments.</param>
/// <param name="Kubeconfig">What KUBECONFIG is set to; null leaves it.</param>
internal sealed record ChildCommand(IReadOnlyList<string> Words, string? Kubeconfig);
