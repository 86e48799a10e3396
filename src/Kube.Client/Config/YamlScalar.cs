namespace Kube.Client;

internal sealed class YamlScalar(string text, bool isPlain) : YamlNode
{
    public string Text => text;

    public bool IsNull => isPlain && text is "" or "~" or "null" or "Null" or "NULL";

    public override JsonNode? ToJson()
    {
        if (!isPlain) return JsonValue.Create(text);
        if (IsNull) return null;
        if (text is "true" or "True" or "TRUE") return JsonValue.Create(true);
        if (text is "false" or "False" or "FALSE") return JsonValue.Create(false);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            return JsonValue.Create(number);
        return JsonValue.Create(text);
    }
}
