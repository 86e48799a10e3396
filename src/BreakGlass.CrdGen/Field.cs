using System.Text.Json.Serialization;

namespace BreakGlass.CrdGen;

/// <summary>One JSON field of a record, with what its attributes say.</summary>
internal sealed record Field(string JsonName, PropertyInfo Property)
{
    private static readonly JsonSerializerOptions InJson =
        new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Converters = { new JsonStringEnumConverter() } };

    public bool IsRequired => Has<RequiredAttribute>();

    /// <summary>The JSON fields of a type, in the order in which they are declared; computed properties are none.</summary>
    public static IReadOnlyList<Field> Of(Type type) =>
    [
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0 && p.GetCustomAttribute<JsonIgnoreAttribute>() is null)
            .OrderBy(p => p.MetadataToken)
            .Select(p => new Field(JsonNameOf(p), p)),
    ];

    public static string JsonNameOf(PropertyInfo property) =>
        property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    /// <summary>What a new object of the type has in this field.</summary>
    public JsonNode? InitialValue() =>
        JsonSerializer.SerializeToNode(Property.GetValue(Property.DeclaringType!.GetConstructor([])!.Invoke(null)), Property.PropertyType, InJson);

    public T? Get<T>()
        where T : Attribute => Property.GetCustomAttribute<T>();

    public bool Has<T>()
        where T : Attribute => Property.IsDefined(typeof(T));

    /// <summary>The rules of the field's own type and then those of the field, as the server checks them.</summary>
    public IEnumerable<ValidationRuleAttribute> Rules(Type valueType) =>
        valueType.GetCustomAttributes<ValidationRuleAttribute>().Concat(Property.GetCustomAttributes<ValidationRuleAttribute>());
}
