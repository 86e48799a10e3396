using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace BreakGlass.Cli.Yaml;

/// <summary>Writes JSON nodes as YAML, as kubectl shows them.</summary>
internal static class YamlText
{
    /// <summary>The document as text, ending in a line feed.</summary>
    public static string Write(JsonNode? node)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(
            bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024, skipAnchorName: true, indentSequences: false));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Node(emitter, node);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Node(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                emitter.Emit(new MappingStart(null, null, isImplicit: true, map.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (key, value) in map)
                {
                    Text(emitter, key);
                    Node(emitter, value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                emitter.Emit(new SequenceStart(null, null, isImplicit: true, list.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in list) Node(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case null:
                Plain(emitter, "null");
                break;
            default:
                if (node.GetValueKind() == JsonValueKind.String) Text(emitter, node.GetValue<string>());
                else Plain(emitter, node.ToJsonString());
                break;
        }
    }

    private static void Plain(Emitter emitter, string value) =>
        emitter.Emit(new Scalar(null, null, value, ScalarStyle.Plain, isPlainImplicit: true, isQuotedImplicit: false));

    /// <summary>What would read back as something other than this text is quoted.</summary>
    private static void Text(Emitter emitter, string value)
    {
        var style = value.Contains('\n', StringComparison.Ordinal) && !value.Any(c => char.IsControl(c) && c != '\n') && !char.IsWhiteSpace(value[0])
            ? ScalarStyle.Literal
            : IsPlain(value) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted;
        emitter.Emit(new Scalar(null, null, value, style, isPlainImplicit: true, isQuotedImplicit: true));
    }

    private static bool IsPlain(string value) =>
        value.Length > 0
        && (char.IsAsciiLetter(value[0]) || value[0] is '/' or '_')
        && value.All(c => char.IsLetterOrDigit(c) || " _./$-(),;:=+'@".Contains(c, StringComparison.Ordinal))
        && !value.Contains(": ", StringComparison.Ordinal) && value[^1] is not (':' or ' ')
        && value.ToUpperInvariant() is not ("TRUE" or "FALSE" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N" or "NULL");
}
