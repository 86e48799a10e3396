using System.Security.Cryptography;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Core.Sealing;

/// <summary>
/// The mark by which the operator knows its own record again: <c>status.recordSeal</c>, text <c>v1.KEY.MAC</c>. The HMAC-SHA256 is over the grant's UID
/// and what was decided: when access begins and ends, by which policy, and what it is. A user who can write a status but not seal cannot open, widen or
/// prolong anything.
/// </summary>
public static class RecordSeal
{
    private const string Version = "v1";

    /// <summary>Seals what a status records.</summary>
    /// <param name="uid">UID of the grant.</param>
    /// <param name="status">Its status, with the record.</param>
    /// <param name="key">The key in use.</param>
    public static string Make(string uid, GrantStatus status, SealKey key) => $"{Version}.{key.Id}.{Base64UrlText.Encode(MacOf(uid, status, key))}";

    /// <summary>Whether a grant's record is the operator's.</summary>
    public static SealState Verify(BreakGlassGrant grant, SealKeys keys)
    {
        if (grant.Status.RecordSeal is not { Length: > 0 } text) return SealState.Missing;
        return KeyOf(text) is { } id && keys.Find(id) is { } key && grant.Metadata.Uid is { Length: > 0 } uid
            && CryptographicOperations.FixedTimeEquals(
                System.Text.Encoding.ASCII.GetBytes(Make(uid, grant.Status, key)), System.Text.Encoding.ASCII.GetBytes(text))
            ? SealState.Valid : SealState.Broken;
    }

    /// <summary>The key that a record was sealed with; null where the text is no seal.</summary>
    public static string? KeyOf(string? text) => text is { Length: <= 256 } && text.Split('.') is [Version, var id, _] && Seal.IsKeyId(id) ? id : null;

    private static byte[] MacOf(string uid, GrantStatus status, SealKey key)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            writer.WriteStringValue("breakglass.dev/record");
            writer.WriteStringValue(Version);
            writer.WriteStringValue(uid);
            CanonicalSpec.Write(new GrantStatus
            {
                ActivatedAt = status.ActivatedAt, ExpiresAt = status.ExpiresAt, PolicyUid = status.PolicyUid, Credential = status.Credential,
                Path = status.Path, Recording = status.Recording, Access = status.Access,
            }, writer);
            writer.WriteEndArray();
        }

        return HMACSHA256.HashData(key.Secret.Span, buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
