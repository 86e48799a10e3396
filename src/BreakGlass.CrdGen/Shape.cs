namespace BreakGlass.CrdGen;

/// <summary>What a C# type is in JSON.</summary>
internal abstract record Shape
{
    /// <summary>A string, integer or boolean, with the format that OpenAPI names.</summary>
    public sealed record Scalar(string Name, string? Format = null) : Shape;

    public sealed record Names(Type Enum) : Shape;

    public sealed record List(Type Item) : Shape;

    public sealed record Map(Type Value) : Shape;

    public sealed record Object(Type Type) : Shape;

    /// <exception cref="NotSupportedException">No schema can be told from the type.</exception>
    public static Shape Of(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return new Scalar("string");
        if (type == typeof(int)) return new Scalar("integer", "int32");
        if (type == typeof(long)) return new Scalar("integer", "int64");
        if (type == typeof(bool)) return new Scalar("boolean");
        if (type == typeof(DateTimeOffset)) return new Scalar("string", "date-time");
        if (type.IsEnum) return new Names(type);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) return new List(type.GenericTypeArguments[0]);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) && type.GenericTypeArguments[0] == typeof(string))
        {
            return new Map(type.GenericTypeArguments[1]);
        }

        return type.IsClass && Field.Of(type).Count > 0
            ? new Object(type)
            : throw new NotSupportedException($"There is no schema for the C# type {type}: use string, int, long, bool, DateTimeOffset, an enum, a record, "
                + "IReadOnlyList or IReadOnlyDictionary<string, …>.");
    }
}
