using System.Buffers.Binary;
using System.Security.Cryptography;

namespace BreakGlass.Core.Journal;

/// <summary>Ids of entries that are not transitions, and what is kept of an id in memory.</summary>
public static class EntryId
{
    private const int DigestBytes = 16;

    /// <summary>The first 128 bits of the SHA-256 of an id: short enough to keep many, and nobody can find two ids that have the same.</summary>
    public static UInt128 Fingerprint(string id) => BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    /// <summary>A text as the last part of an id.</summary>
    internal static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, DigestBytes));

    /// <summary>The object of an id: what is before the first slash.</summary>
    internal static string? ObjectOf(string id) => id.IndexOf('/') is > 0 and var slash ? id[..slash] : null;
}
