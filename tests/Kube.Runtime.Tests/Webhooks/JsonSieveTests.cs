using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Kube.Runtime.Tests.Webhooks;

public sealed class JsonSieveTests
{
    private static readonly string[] Wanted =
        ["kind", "request.uid", "request.dryRun", "request.object.type", "request.oldObject.type", "request.object.spec.conversion.strategy"];

    [Theory]
    [InlineData(
        """{"kind":"AdmissionReview","request":{"uid":"1","object":{"type":"t","data":{"a":"b"}}}}""",
        """{"kind":"AdmissionReview","request":{"uid":"1","object":{"type":"t"}}}""")]
    [InlineData(
        """{"request":{"object":{"data":{"type":"no"},"type":"t"},"uid":"1","type":"no"},"kind":"k","type":"no"}""",
        """{"request":{"object":{"type":"t"},"uid":"1"},"kind":"k"}""")]
    [InlineData(
        """{"request":{"object":null,"oldObject":{"type":"old"},"dryRun":true}}""",
        """{"request":{"object":null,"oldObject":{"type":"old"},"dryRun":true}}""")]
    [InlineData("""{ "request" : { "dryRun" : false , "uid" : "1" } , "kind" : "k" }""", """{"request":{"dryRun":false,"uid":"1"},"kind":"k"}""")]
    [InlineData(
        """{"request":{"object":{"spec":{"names":[{"conversion":{"strategy":"no"}},["]","{"]],"conversion":{"strategy":"Webhook","webhook":{}}}}}}""",
        """{"request":{"object":{"spec":{"conversion":{"strategy":"Webhook"}}}}}""")]
    [InlineData("""{"request":{"object":{"a\"b":"\\","c":"\"}","type":"a\"\\b"}}}""", """{"request":{"object":{"type":"a\"\\b"}}}""")]
    [InlineData(
        """{"request":{"object":{"type":{"a":1}},"oldObject":[1,{"type":"no"}],"uid":"1"}}""",
        """{"request":{"object":{"type":null},"oldObject":null,"uid":"1"}}""")]
    [InlineData("""{"request":{"object":"text","uid":12}}""", """{"request":{"object":null,"uid":12}}""")]
    [InlineData("""[{"kind":"no"}]""", "null")]
    [InlineData("{}", "{}")]
    [InlineData("", "")]
    public void Only_what_is_wanted_is_kept_wherever_the_text_is_cut(string text, string kept)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var size = 1; size <= bytes.Length + 1; size++)
        {
            var sieve = new JsonSieve(new(Wanted));
            foreach (var piece in bytes.Chunk(size)) sieve.Write(piece);
            Encoding.UTF8.GetString(sieve.Kept.Span).Should().Be(kept, $"pieces of {size} bytes");
        }
    }

    [Fact]
    public void What_is_skipped_takes_no_memory_and_what_is_too_long_to_be_a_value_becomes_an_empty_string()
    {
        var sieve = new JsonSieve(new(Wanted));
        sieve.Write("""{"request":{"object":{"data":{"a":" """u8);
        var flood = Encoding.UTF8.GetBytes(new string('x', 64 * 1024));
        for (var i = 0; i < 100; i++) sieve.Write(flood);
        sieve.Write("""  "},"nested":"""u8);
        for (var i = 0; i < 100; i++) sieve.Write(Encoding.UTF8.GetBytes(new string('[', 1000)));
        for (var i = 0; i < 100; i++) sieve.Write(Encoding.UTF8.GetBytes(new string(']', 1000)));
        sieve.Write(""","type":" """u8);
        sieve.Write(flood);
        sieve.Write("""  "},"uid":"1"}}"""u8);
        JsonNode.DeepEquals(JsonNode.Parse(sieve.Kept.Span), JsonNode.Parse("""{"request":{"object":{"type":""},"uid":"1"}}""")).Should().BeTrue();
        sieve.Kept.Length.Should().BeLessThan(100);
    }

    [Theory]
    [InlineData("""}}}]]],,,::"" {"kind":"k"}""")]
    [InlineData("""{"kind" "k"}""")]
    [InlineData("""{"request":{"uid":"1" """)]
    [InlineData("""{"kind":"k"}{"kind":"k"}""")]
    public void What_is_no_JSON_is_survived(string text)
    {
        var sieve = new JsonSieve(new(Wanted));
        sieve.Write(Encoding.UTF8.GetBytes(text));
        sieve.Kept.Length.Should().BeLessThan(100);
    }
}
