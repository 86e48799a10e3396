namespace Manifests.Chart;

/// <summary>What a command wrote, and how it ended.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error);
