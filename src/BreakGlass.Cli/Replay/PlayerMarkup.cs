using System.Buffers;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Replay;

/// <summary>
/// A recording in a page: what is known of it, and the player, asciinema-player. The page needs no network and, by its Content-Security-Policy, cannot use it.
/// The policy names each script by its hash, so that nothing that was recorded can run.
/// </summary>
internal static class PlayerMarkup
{
    private const string Start = """
        document.querySelectorAll('[data-cast]').forEach(function (place) {
          var packed = Uint8Array.from(atob(document.getElementById(place.dataset.cast).textContent.trim()), function (c) { return c.charCodeAt(0); });
          function data() {
            return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
          }
          AsciinemaPlayer.create({ data: data }, place, { idleTimeLimit: 2, fit: 'width', keystrokeOverlay: true });
        });

        """;

    private static readonly string Player = Resource("player.js");

    /// <summary>The Content-Security-Policy of a page with players. The player's emulator of a terminal is WebAssembly.</summary>
    public static string Policy { get; } = "default-src 'none'; style-src 'unsafe-inline'; "
        + $"script-src 'sha256-{HashOf(Player)}' 'sha256-{HashOf(Start)}' 'wasm-unsafe-eval'; base-uri 'none'; form-action 'none'";

    /// <summary>The style sheet of the player.</summary>
    public static string Style { get; } = Resource("player.css") + "\n[data-cast]{margin:1rem 0}";

    /// <summary>The end of the body: the player's licence, which belongs to each copy of it, and the scripts.</summary>
    public static string End { get; } = "<details>\n<summary>The licence of asciinema-player</summary>\n<pre>"
        + $"{WebUtility.HtmlEncode(Resource("player.license"))}</pre>\n</details>\n<script>{Player}</script>\n<script>{Start}</script>\n";

    /// <summary>A recording: a table of what is known of it, its parts with their hashes, and the player.</summary>
    /// <param name="text">Where it is written.</param>
    /// <param name="number">Its number in the page.</param>
    /// <param name="stream">The recording.</param>
    /// <returns>What of it cannot be shown, in sentences.</returns>
    public static IReadOnlyList<string> Write(StringBuilder text, int number, RecordedStream stream)
    {
        var (recording, reader, id) = (stream.Recording, new CastReader(), string.Create(CultureInfo.InvariantCulture, $"cast-{number}"));
        var cast = Pack(reader, stream);
        Table(text, [("Request", recording.Request ?? ""), ("Started", Timestamp.Text(recording.StartedAt)), ("Duration", StreamWords.Duration(recording)),
            ("Recording", StreamWords.State(recording)), ("Stream", recording.Stream),
            ("Missing", string.Join('\n', (string[])[.. stream.Problems, .. reader.Problems]))]);
        text.Append("<div data-cast=\"").Append(id).Append("\"></div>\n");
        text.Append("<script type=\"application/octet-stream\" id=\"").Append(id).Append("\">").Append(cast).Append("</script>\n");
        text.Append("<table>\n<tr><th>part</th><th>entry</th><th>bytes</th><th>SHA-256 in the journal</th><th>file</th></tr>\n");
        foreach (var (i, (index, part)) in recording.Parts.Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"<tr><td>{part.Part}</td><td>{index}</td><td>{part.Size}</td><td>")
                .Append(WebUtility.HtmlEncode(VisibleText.Name(part.Hash)))
                .Append("</td><td>").Append(stream.Files[i] is null ? "not used: missing, or another hash" : "has this hash").Append("</td></tr>\n");
        }

        text.Append("</table>\n");
        return reader.Problems;
    }

    /// <summary>Names and values.</summary>
    public static void Table(StringBuilder text, IEnumerable<(string Name, string Value)> rows)
    {
        text.Append("<table class=\"names\">\n");
        foreach (var (name, value) in rows.Where(r => r.Value.Length > 0))
        {
            text.Append("<tr><th>").Append(name).Append("</th><td>")
                .Append(WebUtility.HtmlEncode(VisibleText.Lines(value)).ReplaceLineEndings("<br>")).Append("</td></tr>\n");
        }

        text.Append("</table>\n");
    }

    /// <summary>The events as the player takes them: an asciicast in one member of gzip, in base64. Sizes that no terminal has are left out.</summary>
    private static string Pack(CastReader reader, RecordedStream stream)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            using var events = reader.Read(stream).GetEnumerator();
            var more = events.MoveNext();

            // The size is known once the first event was read.
            Line(gzip, json =>
            {
                json.WriteStartObject();
                json.WriteNumber("version", 2);
                json.WriteNumber("width", reader.Size.Columns);
                json.WriteNumber("height", reader.Size.Rows);
                json.WriteEndObject();
            });
            for (; more; more = events.MoveNext())
            {
                var happened = events.Current;
                if (happened.Code is not (CastEvent.Output or CastEvent.Input or CastEvent.Resize or CastEvent.Marker)
                    || (happened.Code is CastEvent.Resize && CastReader.ReadSize(happened.Text) is null)) continue;
                Line(gzip, json =>
                {
                    json.WriteStartArray();
                    json.WriteNumberValue(Math.Round(happened.At.TotalSeconds, 6));
                    json.WriteStringValue(happened.Code.ToString());
                    json.WriteStringValue(happened.Text);
                    json.WriteEndArray();
                });
            }
        }

        return Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
    }

    private static void Line(Stream stream, Action<Utf8JsonWriter> write)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line)) write(json);
        stream.Write(line.WrittenSpan);
        stream.WriteByte((byte)'\n');
    }

    private static string HashOf(string script) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(PlayerMarkup).Assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
