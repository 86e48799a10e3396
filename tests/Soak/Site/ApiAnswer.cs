using System.Text.Json;
using System.Text.Json.Nodes;

namespace Soak.Site;

/// <summary>What the API server said; status 0 where it said nothing.</summary>
internal sealed record ApiAnswer(int Status, string Text)
{
    public bool Ok => Status is >= 200 and < 300;

    /// <summary>No answer, so what was asked may have been done or not.</summary>
    public bool Unknown => Status == 0;

    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>Status and the server's message, for the history: never a body that may hold a Secret.</summary>
    public override string ToString()
    {
        if (Ok) return $"{Status}";
        try
        {
            return $"{Status} {JsonNode.Parse(Text)?["message"]}";
        }
        catch (JsonException)
        {
            return $"{Status} {(Unknown ? Text : "")}";
        }
    }
}
