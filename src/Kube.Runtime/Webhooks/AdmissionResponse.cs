namespace Kube.Runtime;

/// <summary>The answer to an <see cref="AdmissionRequest"/>.</summary>
public sealed record AdmissionResponse
{
    /// <summary>The question's.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary>Whether the write may happen.</summary>
    public bool Allowed { get; init; }

    /// <summary>Why not: the message is what the caller sees.</summary>
    public Status? Status { get; init; }

    /// <summary>A JSON patch (RFC 6902) as UTF-8; base64 on the wire.</summary>
    public byte[]? Patch { get; init; }

    /// <summary><c>JSONPatch</c> if there is a patch.</summary>
    public string? PatchType { get; init; }

    /// <summary>Shown to the caller, who may go on.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value ?? []; } = [];
}
