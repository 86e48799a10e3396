using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kube.Client;

/// <summary>
/// Reads one YAML document (and so JSON, which YAML contains) into nodes by the parser's events alone: object mapping would need reflection.
/// </summary>
internal static class YamlTree
{
    private const int Deepest = 64;

    /// <summary>The root of the first document, or null for an empty one.</summary>
    /// <exception cref="YamlException">It is no YAML.</exception>
    public static YamlNode? Parse(string text)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) return null;
            var root = Read(parser, [], 0);
            parser.Consume<DocumentEnd>();
            return root;
        }
        catch (Exception e) when (e is not YamlException)
        {
            // The parser has no one exception for what it cannot read: a flow that is cut off is an InvalidOperationException.
            var mark = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(mark, mark, "unexpected end", e);
        }
    }

    private static YamlNode Read(IParser parser, Dictionary<AnchorName, YamlNode> anchors, int depth)
    {
        var mark = parser.Current?.Start ?? Mark.Empty;
        if (depth > Deepest) throw new YamlException(mark, mark, $"nested deeper than {Deepest} levels");
        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            return anchors.TryGetValue(alias.Value, out var target) ? target : throw new YamlException(mark, mark, $"the alias '{alias.Value}' has no anchor");
        }

        if (parser.TryConsume<Scalar>(out var scalar)) return Remember(scalar, new YamlScalar(scalar.Value, scalar.Style == ScalarStyle.Plain), anchors);

        if (parser.TryConsume<SequenceStart>(out var sequence))
        {
            var items = new List<YamlNode>();
            while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Read(parser, anchors, depth + 1));
            return Remember(sequence, new YamlList(items), anchors);
        }

        var mapping = parser.Consume<MappingStart>();
        var entries = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var at = parser.Current?.Start ?? Mark.Empty;
            if (Read(parser, anchors, depth + 1) is not YamlScalar key) throw new YamlException(at, at, "a key is not a string");
            // The last one of two equal keys would win silently, and then it is anybody's guess which cluster is meant.
            if (!entries.TryAdd(key.Text, Read(parser, anchors, depth + 1))) throw new YamlException(at, at, $"the key '{key.Text}' appears twice");
        }

        return Remember(mapping, new YamlMap(entries), anchors);
    }

    private static YamlNode Remember(NodeEvent source, YamlNode node, Dictionary<AnchorName, YamlNode> anchors)
    {
        if (!source.Anchor.IsEmpty) anchors[source.Anchor] = node;
        return node;
    }
}
