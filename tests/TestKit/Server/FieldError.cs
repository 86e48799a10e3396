namespace TestKit;

/// <summary>One wrong field, as the API server words it in <c>details.causes</c> and in the message.</summary>
public sealed record FieldError(string Reason, string Field, string Message)
{
    /// <summary>The value is of the right type but not allowed.</summary>
    public static FieldError Invalid(string field, string value, string why) => new("FieldValueInvalid", field, $"Invalid value: {value}: {why}");

    /// <summary>The value is missing.</summary>
    public static FieldError Required(string field, string why = "") =>
        new("FieldValueRequired", field, "Required value" + (why.Length == 0 ? "" : ": " + why));

    /// <summary>No value is allowed here now.</summary>
    public static FieldError Forbidden(string field, string why) => new("FieldValueForbidden", field, "Forbidden: " + why);

    /// <summary>The value is none of the known ones.</summary>
    public static FieldError NotSupported(string field, string value, params string[] known) =>
        new("FieldValueNotSupported", field, $"Unsupported value: {Quote(value)}: supported values: {string.Join(", ", known.Select(Quote))}");

    internal static string Quote(string value) => $"\"{value}\"";

    /// <inheritdoc/>
    public override string ToString() => $"{Field}: {Message}";
}
