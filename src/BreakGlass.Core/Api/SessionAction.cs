using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Requests of a grant's identity that differ in nothing but their time: one row of its session.</summary>
public sealed record SessionAction
{
    /// <summary>The replica of the operator that counts in this row. The rows of several replicas are added.</summary>
    [Required, Length(maxLength: 63)]
    public string Observer { get; init => field = value ?? ""; } = "";

    /// <summary>What tells the row from others of its replica: a digest of its verb, resource, namespace, name, result and users.</summary>
    [Required, Length(maxLength: 32)]
    public string Id { get; init => field = value ?? ""; } = "";

    /// <summary>The verb of the request, for example get or create.</summary>
    [Required, Length(maxLength: 63)]
    public string Verb { get; init => field = value ?? ""; } = "";

    /// <summary>The API group; empty for the core group, and for requests that are about no resource.</summary>
    [Length(maxLength: 253)]
    public string ApiGroup { get; init => field = value ?? ""; } = "";

    /// <summary>The resource, for example pods; for a request that is about no resource, its path.</summary>
    [Length(maxLength: 253)]
    public string Resource { get; init => field = value ?? ""; } = "";

    /// <summary>The subresource, for example exec.</summary>
    [Length(maxLength: 63)]
    public string Subresource { get; init => field = value ?? ""; } = "";

    /// <summary>The namespace; empty for cluster-wide requests.</summary>
    [Length(maxLength: 63)]
    public string Namespace { get; init => field = value ?? ""; } = "";

    /// <summary>The name of the object; empty for lists and watches. In rows that count what has no row of its own, it is an asterisk.</summary>
    [Length(maxLength: 253)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>How the API server answered.</summary>
    [Required]
    public ActionResult Result { get; init; }

    /// <summary>The user that the identity impersonated; empty if none.</summary>
    [Length(maxLength: 253)]
    public string AsUser { get; init => field = value ?? ""; } = "";

    /// <summary>
    /// The ServiceAccount with whose token the request was sent, if the identity had created that token; empty for the identity's own requests.
    /// </summary>
    [Length(maxLength: 350)]
    public string TokenOf { get; init => field = value ?? ""; } = "";

    /// <summary>The last command that was executed, for exec only.</summary>
    [Length(maxLength: 1024)]
    public string? Command { get; init; }

    /// <summary>The number of requests.</summary>
    public long Count { get; init; }

    /// <summary>The time of the first.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset FirstAt { get; init; }

    /// <summary>The time of the last.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset LastAt { get; init; }
}
