namespace BreakGlass.Core.Model;

/// <summary>What tells a guarded object from others of its kind.</summary>
public enum GuardMark
{
    /// <summary>Nothing: all objects of the kind are guarded.</summary>
    None,

    /// <summary>A name of BreakGlass's own: <c>breakglass…</c> or <c>….breakglass.dev</c>; also the deletion of a whole collection.</summary>
    OurName,

    /// <summary>The namespaces of the grants and of the operator.</summary>
    OurNamespace,

    /// <summary>A Secret of a type that the control plane fills with a token or takes for one, now or before the write.</summary>
    TokenType,

    /// <summary>The ConfigMap by which EKS maps cloud identities to users and groups.</summary>
    IdentityMapping,

    /// <summary>The ConfigMap that tells API servers behind the aggregation layer which certificates to believe.</summary>
    TrustedCertificates,

    /// <summary>A CRD whose objects pass through a webhook on every read and write.</summary>
    ConversionWebhook,
}
