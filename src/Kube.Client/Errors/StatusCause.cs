namespace Kube.Client;

/// <summary>One cause of a failure.</summary>
public sealed record StatusCause
{
    /// <summary>CamelCase reason, e.g. <c>FieldValueInvalid</c>, <c>ResourceVersionTooLarge</c>, <c>NamespaceTerminating</c>.</summary>
    public string? Reason { get; init; }
}
