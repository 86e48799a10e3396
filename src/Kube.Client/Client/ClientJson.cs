namespace Kube.Client;

/// <summary>JSON contracts that only the client needs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VersionInfo))]
[JsonSerializable(typeof(ApiGroupList))]
[JsonSerializable(typeof(ApiResourceList))]
[JsonSerializable(typeof(ExecCredential))]
[JsonSerializable(typeof(Status))]
internal sealed partial class ClientJson : JsonSerializerContext;

internal sealed record VersionInfo(string? Major, string? Minor, string? GitVersion);

internal sealed record ApiGroupList(IReadOnlyList<Discovered>? Groups);

internal sealed record ApiResourceList(IReadOnlyList<Discovered>? Resources);

internal sealed record Discovered(string? Name);

/// <summary>What a credential plugin prints (client.authentication.k8s.io/v1 and v1beta1).</summary>
internal sealed record ExecCredential(string? ApiVersion, string? Kind, ExecCredentialStatus? Status);

/// <summary>Never printed: it is nothing but secrets.</summary>
internal sealed record ExecCredentialStatus(string? Token, string? ClientCertificateData, string? ClientKeyData, DateTimeOffset? ExpirationTimestamp)
{
    public override string ToString() => "ExecCredentialStatus";
}
