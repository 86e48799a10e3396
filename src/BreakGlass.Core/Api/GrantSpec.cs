using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A request for access.</summary>
[ValidationRule("has(self.ticket) == has(oldSelf.ticket)", message: "spec.ticket: " + Sentences.GrantFixed)]
[ValidationRule("has(self.duration) == has(oldSelf.duration)", message: "spec.duration: " + Sentences.GrantFixed)]
[ValidationRule("has(self.startTime) == has(oldSelf.startTime)", message: "spec.startTime: " + Sentences.GrantFixed)]
[ValidationRule("has(self.access) == has(oldSelf.access)", message: "spec.access: " + Sentences.GrantFixed)]
[ValidationRule("has(self.namespaces) == has(oldSelf.namespaces)", message: "spec.namespaces: " + Sentences.GrantFixed)]
[ValidationRule("has(self.recipientKey) == has(oldSelf.recipientKey)", message: "spec.recipientKey: " + Sentences.GrantFixed)]
[ValidationRule("has(self.requireAll) == has(oldSelf.requireAll)", message: "spec.requireAll: " + Sentences.GrantFixed)]
[ValidationRule("has(self.requester) == has(oldSelf.requester)", message: "spec.requester: " + Sentences.GrantFixed)]
[ValidationRule("has(self.voucher) == has(oldSelf.voucher)", message: "spec.voucher: " + Sentences.GrantFixed)]
[ValidationRule("has(self.voucher) == has(self.voucherProof)", message: "spec.voucher: " + Sentences.VoucherWithProof)]
[ValidationRule("!has(oldSelf.revoke) || has(self.revoke)", message: "spec.revoke: " + Sentences.RevocationStays)]
public sealed record GrantSpec
{
    /// <summary>The name of the BreakGlassPolicy that decides on the request.</summary>
    [Required, Length(1, Bounds.LongestName), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string Policy { get; init => field = value ?? ""; } = "";

    /// <summary>Why you need access. Reviewers read it.</summary>
    [Required, Length(1, Bounds.LongestJustification), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string Justification { get; init => field = value ?? ""; } = "";

    /// <summary>The number of the incident or change.</summary>
    [Length(maxLength: 256), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string? Ticket { get; init; }

    /// <summary>How long you need access. Default: the policy's duration.default; at most its duration.max.</summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string? Duration { get; init; }

    /// <summary>When access starts, at most 30 days ahead. Mode TimeBoxed only. Default: now.</summary>
    [Nullable, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    [JsonConverter(typeof(MillisConverter))]
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>The access entries of the policy that you need, by name. Default: all.</summary>
    [Items(maxItems: 16), ItemLength(63), ListSet, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public IReadOnlyList<string> Access { get; init => field = value ?? []; } = [];

    /// <summary>The namespaces that you need, of those that the access entries reach. Default: all.</summary>
    [Items(maxItems: 256), ItemLength(63), ListSet, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>
    /// A public key (JWK: RSA or EC P-256). If set, status.credentialJwe contains the credential, encrypted with this key. If the path is Gateway, the client
    /// certificate in status.gateway is for this key instead, and nothing is encrypted.
    /// </summary>
    [Nullable, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public JsonWebKey? RecipientKey { get; init; }

    /// <summary>
    /// If true, access is given in all places of the grant or in none. Default: access opens where it can, and the condition Active has the reason Partial
    /// and names the other places, which the operator tries again until the grant ends.
    /// </summary>
    [ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public bool? RequireAll { get; init; }

    /// <summary>
    /// A signed voucher of the policy's authority (JWS). The requester is then the person that the voucher names, and the credential is encrypted to that
    /// person's key.
    /// </summary>
    [Length(1, Bounds.LongestVoucherText), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string? Voucher { get; init; }

    /// <summary>The proof that the sender of the voucher has its holder's private key (JWS). It is for one grant, and valid for two minutes.</summary>
    [Length(1, Bounds.LongestVoucherProof), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string? VoucherProof { get; init; }

    /// <summary>Set this to end access immediately. It cannot be unset.</summary>
    [Nullable, ValidationRule("self == oldSelf", message: "spec.revoke: " + Sentences.RevocationFixed)]
    public Revocation? Revoke { get; init; }

    /// <summary>Who requests access. Admission sets it from the authenticated caller.</summary>
    [ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public Caller? Requester { get; init; }
}
