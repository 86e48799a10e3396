using System.Text.Json.Nodes;

namespace TestKit.Tests.Server;

internal sealed class WatchReader(HttpResponseMessage response, Stream stream) : IDisposable
{
    private readonly StreamReader _reader = new(stream);

    /// <summary>The next event as <c>TYPE name</c>, or null at the end.</summary>
    public async Task<string?> Next()
    {
        var e = await NextJson();
        return e is null ? null : $"{e["type"]} {e["object"]!["metadata"]?["name"] ?? e["object"]!["reason"]}".TrimEnd();
    }

    public async Task<JsonObject?> NextJson()
    {
        var line = await _reader.ReadLineAsync().Soon("the next watch event");
        return line is null ? null : JsonNode.Parse(line)!.AsObject();
    }

    public async Task<string[]> Take(int count)
    {
        var events = new List<string>();
        for (var i = 0; i < count; i++) events.Add(await Next() ?? "END");
        return [.. events];
    }

    public void Dispose()
    {
        _reader.Dispose();
        response.Dispose();
    }
}
