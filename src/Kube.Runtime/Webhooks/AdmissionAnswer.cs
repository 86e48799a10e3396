namespace Kube.Runtime;

/// <summary>What a webhook says to a write.</summary>
public sealed record AdmissionAnswer
{
    private AdmissionAnswer()
    {
    }

    /// <summary>Whether the write may happen.</summary>
    public bool Allowed { get; private init; }

    /// <summary>HTTP code of a refusal, e.g. 403; what the API server gives its caller.</summary>
    public int Code { get; private init; } = 200;

    /// <summary>CamelCase reason of a refusal, e.g. <c>Forbidden</c>, <c>Invalid</c>.</summary>
    public string? Reason { get; private init; }

    /// <summary>The sentence that the caller sees.</summary>
    public string? Message { get; private init; }

    /// <summary>What to change before it is stored (RFC 6902); null or empty for nothing. Mutating webhooks only.</summary>
    public JsonArray? Patch { get; private init; }

    /// <summary>Sentences for the caller that stop nothing. The API server cuts each at 256 characters, all of them at 4096.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Yes.</summary>
    public static AdmissionAnswer Allow() => new() { Allowed = true };

    /// <summary>Yes, changed so.</summary>
    public static AdmissionAnswer AllowWith(JsonArray patch) => new() { Allowed = true, Patch = patch };

    /// <summary>No.</summary>
    /// <param name="message">What is wrong, why, and what to do; the API server puts the webhook's name before it.</param>
    /// <param name="code">HTTP code, 400 or more.</param>
    /// <param name="reason">The reason that goes with it.</param>
    public static AdmissionAnswer Deny(string message, int code = 403, string reason = "Forbidden") =>
        new() { Code = code, Reason = reason, Message = message };

    /// <summary>No, because the object breaks a rule (422).</summary>
    public static AdmissionAnswer Invalid(string message) => Deny(message, 422, "Invalid");

    /// <summary>The answer as it goes over the wire.</summary>
    internal AdmissionResponse For(string uid) => new()
    {
        Uid = uid,
        Allowed = Allowed,
        Status = Allowed ? null : new() { Result = "Failure", Code = Code, Reason = Reason, Message = Message },
        Patch = Patch is { Count: > 0 } patch ? Encoding.UTF8.GetBytes(patch.ToJsonString()) : null,
        PatchType = Patch is { Count: > 0 } ? "JSONPatch" : null,
        Warnings = Warnings,
    };
}
