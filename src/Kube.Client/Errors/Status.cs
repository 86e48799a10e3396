namespace Kube.Client;

/// <summary>The answer of the API server where there is no object to give, errors above all (meta/v1 Status).</summary>
public sealed record Status
{
    /// <summary><c>Success</c> or <c>Failure</c>.</summary>
    [JsonPropertyName("status")]
    public string? Result { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Message { get; init; }

    /// <summary>CamelCase reason, e.g. <c>AlreadyExists</c>, <c>Conflict</c>, <c>Expired</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>HTTP status code.</summary>
    public int Code { get; init; }

    /// <summary>What the answer is about.</summary>
    public StatusDetails? Details { get; init; }

    /// <summary>The JSON contract.</summary>
    public static JsonTypeInfo<Status> Json { get; } = (JsonTypeInfo<Status>)KubeJson.WithKubernetesHabits(ClientJson.Default).GetTypeInfo(typeof(Status));
}

/// <summary>What a <see cref="Status"/> is about.</summary>
public sealed record StatusDetails
{
    /// <summary>Name of the object.</summary>
    public string? Name { get; init; }

    /// <summary>Kind or resource of the object.</summary>
    public string? Kind { get; init; }

    /// <summary>Single causes, e.g. one for each wrong field.</summary>
    public IReadOnlyList<StatusCause> Causes { get; init => field = value ?? []; } = [];

    /// <summary>Seconds to wait before the next try.</summary>
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>One cause of a failure.</summary>
public sealed record StatusCause
{
    /// <summary>CamelCase reason, e.g. <c>FieldValueInvalid</c>, <c>ResourceVersionTooLarge</c>, <c>NamespaceTerminating</c>.</summary>
    public string? Reason { get; init; }
}
