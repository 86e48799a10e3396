using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>Requests whose URIs, user agents or names are as long as an API server allows.</summary>
public sealed class LongTextsTests
{
    private static readonly JsonSerializerOptions[] Escapings =
        [new(), new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }];

    [Fact]
    public void A_batch_with_a_few_requests_of_a_megabyte_hides_no_other_request()
    {
        var giant = Audit.Json(Audit.Identity, "giant");
        giant["requestURI"] = "/api/v1/namespaces/payments/configmaps/x?" + new string('&', 1024 * 1024);
        giant["userAgent"] = new string('<', 1024 * 1024);
        var body = Encoding.UTF8.GetBytes(Audit.List([.. Enumerable.Range(0, 5).Select(_ => giant), Audit.Json(Audit.Identity, "hidden")]));
        body.Length.Should().BeGreaterThan(10 * 1024 * 1024);

        var cut = Cut(body, 4096);
        cut.Length.Should().BeLessThan(512 * 1024);
        AuditReader.Read(cut, Audit.Door).Events.Select(e => e.AuditId).Should().Equal("giant", "giant", "giant", "giant", "giant", "hidden");
    }

    [Fact]
    public void What_is_read_of_an_event_is_the_same()
    {
        var characters = Gen.Elements("a", "&", "\"", "\\", "\u00E9", "\u4E2D", "\U0001F600", "\n", "\u0001", "<");
        var texts = from part in Gen.ListOf(characters) from times in Gen.Elements(1, 50, 4095, 4096, 4097) select string.Concat(part) is { Length: > 0 } text
            ? Repeated(text, times) : "";
        Prop.ForAll((from uri in texts from agent in texts from size in Gen.Choose(1, 9000) from escaping in Gen.Choose(0, 1)
                     select (uri, agent, size, escaping)).ToArbitrary(), c =>
        {
            var happened = Audit.Json(Audit.Identity);
            (happened["requestURI"], happened["userAgent"]) = (c.uri, c.agent);
            var body = JsonSerializer.SerializeToUtf8Bytes<JsonNode>(happened, Escapings[c.escaping]);
            var (whole, cut) = (AuditReader.Read(body, Audit.Door).Events[0], AuditReader.Read(Cut(body, c.size), Audit.Door).Events[0]);
            return (whole with { SourceIps = [] }) == (cut with { SourceIps = [] });
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(4711, 4713));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public void A_client_that_sends_any_number_of_addresses_does_not_hide_its_own(int size)
    {
        var happened = Audit.Json(Audit.Identity);
        happened["sourceIPs"] = new JsonArray([.. Enumerable.Range(0, 200_000).Select(i => (JsonNode)$"198.51.100.{i % 256}"), "192.0.2.1"]);
        var body = JsonSerializer.SerializeToUtf8Bytes<JsonNode>(happened);
        AuditReader.Read(body, Audit.Door).Events[0].SourceIps[^1].Should().Be("192.0.2.1");
        var cut = Cut(body, size);
        cut.Length.Should().BeLessThan(2500);
        AuditReader.Read(cut, Audit.Door).Events[0].Should().BeEquivalentTo(AuditReader.Read(body, Audit.Door).Events[0]);
    }

    [Fact]
    public void Lists_of_other_things_than_texts_and_short_ones_stay_as_they_are()
    {
        string[] documents =
        [
            $"[{string.Join(',', Enumerable.Range(0, 500))}]", $"[{string.Join(", ", Enumerable.Repeat("""{"a": ["x", "y"], "b": "z"}""", 500))}]",
            $"[{string.Join(',', Enumerable.Repeat("\"a\"", LongTexts.MostInList))}]", """[[], ["a,b", "]"], {"c": "\\"}, "d", null]""",
        ];
        foreach (var document in documents) Encoding.UTF8.GetString(Cut(Encoding.UTF8.GetBytes(document), 3)).Should().Be(document);
        var mixed = $"[{string.Join(',', Enumerable.Repeat("\"a\"", 40))},{{\"b\":[\"]\",\"c\"]}},1]";
        JsonNode.Parse(Cut(Encoding.UTF8.GetBytes(mixed), 5))!.AsArray().Should().HaveCount(LongTexts.MostInList + 1);
    }

    [Fact]
    public void A_command_that_is_put_behind_a_long_parameter_is_seen_to_be_there()
    {
        var happened = Audit.Event("create", "pods", "web") with { Subresource = "exec", RequestUri = "/api/v1/namespaces/payments/pods/web/exec?command=id" };
        SessionRows.Of(happened, "a").Command.Should().Be("id");
        var hidden = Audit.Json(Audit.Identity);
        hidden["requestURI"] = $"/api/v1/namespaces/payments/pods/web/exec?container={new string('x', 5000)}&command=sh";
        SessionRows.Of(Audit.Read(hidden.ToJsonString()).Events[0], "a").Command.Should().Be(" \u2026 (the URI is too long)");
        hidden["requestURI"] = $"/api/v1/namespaces/payments/pods/web/exec?command={new string('x', 5000)}";
        SessionRows.Of(Audit.Read(hidden.ToJsonString()).Events[0], "a").Command.Should().HaveLength(1024).And.EndWith("x \u2026 (the URI is too long)");
    }

    private static string Repeated(string text, int length)
    {
        var repeated = new StringBuilder();
        while (repeated.Length < length) repeated.Append(text);
        return repeated.ToString();
    }

    private static byte[] Cut(byte[] body, int size)
    {
        var (texts, kept, to) = (new LongTexts(), new List<byte>(), new byte[size + LongTexts.Slack]);
        foreach (var piece in body.Chunk(size)) kept.AddRange(to.AsSpan(0, texts.Cut(piece, to.AsSpan(0, piece.Length + LongTexts.Slack))));
        return [.. kept];
    }
}
