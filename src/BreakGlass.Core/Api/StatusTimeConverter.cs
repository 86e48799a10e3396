namespace BreakGlass.Core.Api;

/// <summary>
/// Times of a status. Schemas let pass what is no time (<c>format: date-time</c> looks at no offset, so <c>+99:99</c> is one), and an object that
/// could not be read would be in no cache: what somebody wrote there is long past, which ends access and prolongs none.
/// </summary>
internal abstract class StatusTimeConverter(string format) : Rfc3339Converter(format)
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return base.Read(ref reader, typeToConvert, options);
        }
        catch (JsonException)
        {
            return DateTimeOffset.MinValue;
        }
    }
}
