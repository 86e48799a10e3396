using System.Text.Json.Serialization;

namespace BreakGlass.Core.Api;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(StatusSecondsConverter)])]
[JsonSerializable(typeof(BreakGlassPolicy))]
[JsonSerializable(typeof(BreakGlassGrant))]
[JsonSerializable(typeof(BreakGlassApproval))]
[JsonSerializable(typeof(BreakGlassReview))]
[JsonSerializable(typeof(BreakGlassLockdown))]
[JsonSerializable(typeof(BreakGlassSession))]
[JsonSerializable(typeof(BreakGlassAuthority)), JsonSerializable(typeof(AuthoritySpec))]
[JsonSerializable(typeof(BreakGlassDrill))]
[JsonSerializable(typeof(PolicySpec)), JsonSerializable(typeof(PolicyStatus)), JsonSerializable(typeof(GrantSpec)), JsonSerializable(typeof(GrantStatus))]
[JsonSerializable(typeof(V1PolicyRule))]
[JsonSerializable(typeof(RotationRequest)), JsonSerializable(typeof(RotationProgress)), JsonSerializable(typeof(KeyRotation))]
internal sealed partial class BreakGlassJsonContext : JsonSerializerContext;
