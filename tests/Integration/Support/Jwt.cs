using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;

namespace Integration;

/// <summary>Looks into a JWT without checking it.</summary>
internal static class Jwt
{
    /// <summary>The claims of a token in compact form.</summary>
    public static JsonNode Claims(byte[] token) => JsonNode.Parse(Base64Url.DecodeFromChars(Encoding.ASCII.GetString(token).Split('.')[1]))!;
}
