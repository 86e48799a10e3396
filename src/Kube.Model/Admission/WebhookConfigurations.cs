using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>Which writes go to which mutating webhooks (admissionregistration.k8s.io/v1).</summary>
public sealed record MutatingWebhookConfiguration : IKubeResource<MutatingWebhookConfiguration>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "admissionregistration.k8s.io/v1"; } = "admissionregistration.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(MutatingWebhookConfiguration); } = nameof(MutatingWebhookConfiguration);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The webhooks.</summary>
    public IReadOnlyList<Webhook> Webhooks { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public static ResourceType Resource { get; } =
        new("admissionregistration.k8s.io", "v1", nameof(MutatingWebhookConfiguration), "mutatingwebhookconfigurations", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<MutatingWebhookConfiguration> Json { get; } = KubeJson.Of<MutatingWebhookConfiguration>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<MutatingWebhookConfiguration>> ListJson { get; } = KubeJson.Of<KubeList<MutatingWebhookConfiguration>>();

    /// <inheritdoc/>
    public MutatingWebhookConfiguration WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>Which writes go to which validating webhooks (admissionregistration.k8s.io/v1).</summary>
public sealed record ValidatingWebhookConfiguration : IKubeResource<ValidatingWebhookConfiguration>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "admissionregistration.k8s.io/v1"; } = "admissionregistration.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(ValidatingWebhookConfiguration); } = nameof(ValidatingWebhookConfiguration);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The webhooks.</summary>
    public IReadOnlyList<Webhook> Webhooks { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public static ResourceType Resource { get; } =
        new("admissionregistration.k8s.io", "v1", nameof(ValidatingWebhookConfiguration), "validatingwebhookconfigurations", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<ValidatingWebhookConfiguration> Json { get; } = KubeJson.Of<ValidatingWebhookConfiguration>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<ValidatingWebhookConfiguration>> ListJson { get; } = KubeJson.Of<KubeList<ValidatingWebhookConfiguration>>();

    /// <inheritdoc/>
    public ValidatingWebhookConfiguration WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>One webhook of a configuration, as far as it is read or made here. A whole configuration is never written back, only patched.</summary>
public sealed record Webhook
{
    /// <summary>A fully qualified name, unique in the configuration.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>Where it is.</summary>
    public WebhookClientConfig ClientConfig { get; init => field = value ?? new(); } = new();

    /// <summary>What goes to it.</summary>
    public IReadOnlyList<WebhookRule> Rules { get; init => field = value ?? []; } = [];

    /// <summary>Fail or Ignore, where there is no answer.</summary>
    public string? FailurePolicy { get; init; }

    /// <summary>Exact or Equivalent.</summary>
    public string? MatchPolicy { get; init; }

    /// <summary>None or NoneOnDryRun.</summary>
    public string? SideEffects { get; init; }

    /// <summary>1 to 30.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>Versions of AdmissionReview that it speaks.</summary>
    public IReadOnlyList<string> AdmissionReviewVersions { get; init => field = value ?? []; } = [];
}

/// <summary>Where a webhook is: a URL, or a Service.</summary>
public sealed record WebhookClientConfig
{
    /// <summary>An https URL.</summary>
    public string? Url { get; init; }

    /// <summary>A Service of the cluster.</summary>
    public WebhookService? Service { get; init; }

    /// <summary>PEM certificates of the authorities that the server's certificate must come from; base64 on the wire.</summary>
    public byte[]? CaBundle { get; init; }
}

/// <summary>A Service that a webhook is behind.</summary>
public sealed record WebhookService
{
    /// <summary>Namespace.</summary>
    public string Namespace { get; init => field = value ?? ""; } = "";

    /// <summary>Name.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>URL path.</summary>
    public string? Path { get; init; }

    /// <summary>Port; 443 where left out.</summary>
    public int? Port { get; init; }
}

/// <summary>Writes that go to a webhook.</summary>
public sealed record WebhookRule
{
    /// <summary>CREATE, UPDATE, DELETE, CONNECT or *.</summary>
    public IReadOnlyList<string> Operations { get; init => field = value ?? []; } = [];

    /// <summary>Groups.</summary>
    public IReadOnlyList<string> ApiGroups { get; init => field = value ?? []; } = [];

    /// <summary>Versions.</summary>
    public IReadOnlyList<string> ApiVersions { get; init => field = value ?? []; } = [];

    /// <summary>Resources, and subresources as <c>pods/status</c>.</summary>
    public IReadOnlyList<string> Resources { get; init => field = value ?? []; } = [];

    /// <summary>Cluster, Namespaced or *.</summary>
    public string? Scope { get; init; }
}
