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
