using System.Text.Json.Nodes;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Manifests;
using Xunit;

namespace BreakGlass.CrdGen.Tests;

public sealed class YamlWriterTests
{
    private static readonly string[] Tricky =
    [
        "", " ", "true", "No", "on", "y", "null", "~", "1", "1.5", "1e3", "0x10", ".5", ".inf", "-", "- a", "a: b", "a:", "a #b", "#a", "'", "it's", "\"",
        "[a]", "{a}",
        "*a", "&a", "!a", "%a", "@a", "`a`", "|", ">", "a\nb", "a\nb\n", " a\nb\n", "a\n\nb\n", "\n", "a\tb", "é", "…", "a  b", " a", "a ", "12h",
        "2026-11-22", "=", "^a$", "\\d", "a,b", "?", "? a",
        "a very long sentence that goes on and on, with words: some of them odd, like #this, 'that' and \"those\", until it no longer fits into one line",
    ];

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        var texts = Gen.OneOf(Gen.Elements(Tricky),
            ArbMap.Default.GeneratorFor<string>().Where(s => s is not null && !s.Any(c => char.IsSurrogate(c) || c is '\uFFFE' or '\uFFFF')));
        Prop.ForAll(Tree(texts, 3).ToArbitrary(), tree =>
        {
            var yaml = YamlWriter.Write(tree);
            YamlText.Parse(yaml).Should().ContainSingle().Which.ToJsonString().Should().Be(tree.ToJsonString(), yaml);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Long_sentences_are_folded_and_scripts_stand_as_they_are()
    {
        var yaml = YamlWriter.Write(new JsonObject { ["patch"] = "- op: add\n  path: /a\n", ["text"] = string
            .Join(' ', Enumerable.Repeat("word", 40)), ["list"] = new JsonArray("x", new JsonObject { ["a"] = 1 }) });
        yaml.Should().Be($"""
            patch: |
              - op: add
                path: /a
            text: >-
              {string.Join(' ', Enumerable.Repeat("word", 23))}
              {string.Join(' ', Enumerable.Repeat("word", 17))}
            list:
            - x
            - a: 1

            """);
    }

    private static Gen<JsonNode> Tree(Gen<string> texts, int depth)
    {
        Gen<JsonNode?> leaf = Gen.OneOf(
            texts.Select(text => (JsonNode?)JsonValue.Create(text)),
            Gen.Choose(-1000, 1000).Select(number => (JsonNode?)JsonValue.Create(number)),
            Gen.Elements<bool?>(true, false, null).Select(value => (JsonNode?)JsonValue.Create(value)));
        var child = depth == 0 ? leaf : Gen.OneOf(leaf, Tree(texts, depth - 1).Select(node => (JsonNode?)node));
        var map = Gen.ListOf(Gen.Zip(texts, child), 3).Select(entries =>
        {
            var node = new JsonObject();
            foreach (var (key, value) in entries) node[key] = value?.DeepClone();
            return (JsonNode)node;
        });
        var list = Gen.ListOf(child, 3).Select(items => (JsonNode)new JsonArray([.. items.Select(item => item?.DeepClone())]));
        return Gen.OneOf(map, list);
    }
}
