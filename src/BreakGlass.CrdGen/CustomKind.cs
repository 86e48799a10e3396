using BreakGlass.Core.Api;

namespace BreakGlass.CrdGen;

/// <summary>A C# type that becomes a CustomResourceDefinition.</summary>
/// <param name="Type">The record.</param>
/// <param name="Resource">Its place in the API.</param>
internal sealed record CustomKind(Type Type, ResourceType Resource)
{
    /// <summary>The kinds of BreakGlass, in the order in which people meet them.</summary>
    public static IReadOnlyList<CustomKind> All { get; } =
    [
        Of<BreakGlassPolicy>(), Of<BreakGlassGrant>(), Of<BreakGlassApproval>(), Of<BreakGlassReview>(), Of<BreakGlassLockdown>(),
        Of<BreakGlassSession>(), Of<BreakGlassAuthority>(), Of<BreakGlassDrill>(),
    ];

    public CustomResourceAttribute Registration { get; } = Type.GetCustomAttribute<CustomResourceAttribute>()
        ?? throw new InvalidOperationException($"{Type.Name} has no [CustomResource]: say how the kind is registered.");

    public IReadOnlyList<string> ShortNames { get; } = Type.GetCustomAttribute<KubernetesEntityShortNamesAttribute>()?.ShortNames ?? [];

    public IReadOnlyList<GenericAdditionalPrinterColumnAttribute> Columns { get; } = [.. Type.GetCustomAttributes<GenericAdditionalPrinterColumnAttribute>()];

    public string CrdName => $"{Resource.Plural}.{Resource.Group}";

    public static CustomKind Of<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> => new(typeof(T), Agreed(typeof(T), KubeKinds.Of<T>().Resource));

    /// <summary>Where the client finds a kind, if its attribute says the same: people and other tools read the attribute.</summary>
    internal static ResourceType Agreed(Type type, ResourceType resource)
    {
        var entity = type.GetCustomAttribute<KubernetesEntityAttribute>() ?? throw new InvalidOperationException($"{type.Name} has no [KubernetesEntity].");
        var said = new ResourceType(entity.Group, entity.ApiVersion, entity.Kind, entity.PluralName, resource.Namespaced);
        return said == resource
            ? resource
            : throw new InvalidOperationException(
                $"[KubernetesEntity] of {type.Name} says {said}, {said.ApiVersion}; it is registered as {resource}, {resource.ApiVersion}.");
    }
}
