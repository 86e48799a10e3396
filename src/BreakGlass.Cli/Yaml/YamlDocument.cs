using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace BreakGlass.Cli.Yaml;

/// <summary>
/// One document of a YAML file (and so JSON, which YAML contains), with the place of everything in it. Read by the parser's events alone, since object mapping
/// would need reflection; scalars mean what kubectl takes them for (YAML 1.1).
/// </summary>
/// <param name="Root">The content, or null for an empty document.</param>
/// <param name="Places">Places by path, e.g. <c>spec.access[0].name</c>; the root is the empty path.</param>
internal sealed record YamlDocument(JsonNode? Root, IReadOnlyDictionary<string, SourceLocation> Places)
{
    private const int Deepest = 64;
    private const int MostNodes = 200_000;

    /// <summary>All documents of a text.</summary>
    /// <exception cref="YamlException">It is no YAML.</exception>
    public static IReadOnlyList<YamlDocument> ReadAll(string text)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            return ReadAll(parser);
        }
        catch (InvalidOperationException e)
        {
            // What the parser says where a flow is cut off.
            var mark = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(mark, mark, "unexpected end", e);
        }
    }

    private static List<YamlDocument> ReadAll(Parser parser)
    {
        var documents = new List<YamlDocument>();
        parser.Consume<StreamStart>();
        while (parser.TryConsume<DocumentStart>(out _))
        {
            var reading = new Reading(parser);
            var root = reading.Node("", 0);
            parser.Consume<DocumentEnd>();
            documents.Add(new(root, reading.Places));
        }

        return documents;
    }

    /// <summary>Where a path stands; where it is not there, the nearest that is above it.</summary>
    public SourceLocation At(string path)
    {
        for (var rest = path; ; rest = rest[..Math.Max(0, rest.LastIndexOfAny(['.', '[']))])
        {
            if (Places.TryGetValue(rest, out var location)) return location;
            if (rest.Length == 0) return new(1, 1);
        }
    }

    /// <summary>The path of a member.</summary>
    public static string Under(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    private sealed class Reading(Parser parser)
    {
        private readonly Dictionary<AnchorName, JsonNode?> _anchors = [];
        private int _nodes;

        public Dictionary<string, SourceLocation> Places { get; } = new(StringComparer.Ordinal);

        public JsonNode? Node(string path, int depth)
        {
            var mark = parser.Current?.Start ?? Mark.Empty;
            if (depth > Deepest) throw new YamlException(mark, mark, $"nested deeper than {Deepest} levels");
            if (++_nodes > MostNodes) throw new YamlException(mark, mark, "too large");
            Places.TryAdd(path, new(mark.Line, mark.Column));
            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                if (!_anchors.TryGetValue(alias.Value, out var target)) throw new YamlException(mark, mark, $"the alias '{alias.Value}' has no anchor");
                _nodes += Count(target);
                return target?.DeepClone();
            }

            if (parser.TryConsume<Scalar>(out var scalar)) return Remember(scalar, Value(scalar));
            if (parser.TryConsume<SequenceStart>(out var sequence))
            {
                var items = new JsonArray();
                while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Node($"{path}[{items.Count}]", depth + 1));
                return Remember(sequence, items);
            }

            var mapping = parser.Consume<MappingStart>();
            var map = new JsonObject();
            while (!parser.TryConsume<MappingEnd>(out _)) Entry(map, path, depth);
            return Remember(mapping, map);
        }

        private void Entry(JsonObject map, string path, int depth)
        {
            var at = parser.Current?.Start ?? Mark.Empty;
            if (!parser.TryConsume<Scalar>(out var key)) throw new YamlException(at, at, "a key is not a string");
            // kubectl takes a bare y, n, yes, no, on or off for a boolean, in a key as well.
            var name = Value(key) is JsonValue value && value.TryGetValue<bool>(out var flag) ? (flag ? "true" : "false") : key.Value;
            var under = Under(path, name);
            Places.TryAdd(under, new(at.Line, at.Column));
            if (!map.TryAdd(name, Node(under, depth + 1))) throw new YamlException(at, at, $"the key '{name}' appears twice");
        }

        private JsonNode? Remember(NodeEvent source, JsonNode? node)
        {
            if (!source.Anchor.IsEmpty) _anchors[source.Anchor] = node;
            return node;
        }

        private static int Count(JsonNode? node) => node switch
        {
            JsonObject map => 1 + map.Sum(e => Count(e.Value)),
            JsonArray list => 1 + list.Sum(Count),
            _ => 1,
        };
    }

    private static JsonValue? Value(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain || (!scalar.Tag.IsEmpty && scalar.Tag.Value == "tag:yaml.org,2002:str")) return JsonValue.Create(text);
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE" or "y" or "Y" or "yes" or "Yes" or "YES" or "on" or "On" or "ON":
                return JsonValue.Create(true);
            case "false" or "False" or "FALSE" or "n" or "N" or "no" or "No" or "NO" or "off" or "Off" or "OFF":
                return JsonValue.Create(false);
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        if (char.IsAsciiLetter(text[0])) return JsonValue.Create(text);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number) : JsonValue.Create(text);
    }
}
