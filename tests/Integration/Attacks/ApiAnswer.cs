using System.Text.Json.Nodes;

namespace Integration.Attacks;

/// <summary>What the API server answered to one request.</summary>
/// <param name="Code">The HTTP status.</param>
/// <param name="Text">The body.</param>
internal sealed record ApiAnswer(int Code, string Text)
{
    /// <summary>Whether it was done.</summary>
    public bool Good => Code is >= 200 and < 300;

    /// <summary>The sentence of a refusal; else the whole body.</summary>
    public string Says => !Good && Text.StartsWith('{') && Json()["message"] is JsonValue message ? message.GetValue<string>() : Text;

    /// <summary>The object.</summary>
    public JsonNode Json() => JsonNode.Parse(Text)!;

    /// <summary>Itself, where it is good; for what only prepares.</summary>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public ApiAnswer OrThrow() => Good ? this : throw new InvalidOperationException($"{Code}: {Says}");
}
