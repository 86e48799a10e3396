using Kube.Client;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>A refusal of the model's API server, by HTTP status.</summary>
internal sealed class Refused(int status, string message, Status? answer = null) : Exception($"{status}: {message}")
{
    public Status Answer { get; } = answer ?? new()
    {
        Code = status,
        Message = message,
        Reason = $"{status}",
        Details = status == 404 && message.StartsWith("namespaces", StringComparison.Ordinal) ? new() { Kind = "namespaces" }
            : message.Contains("being terminated", StringComparison.Ordinal) ? new() { Causes = [new() { Reason = "NamespaceTerminating" }] }
            : null,
    };

    public int Status => status;
}
