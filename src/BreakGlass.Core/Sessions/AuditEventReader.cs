namespace BreakGlass.Core.Sessions;

/// <summary>Reads the fields of one audit event (<c>audit.k8s.io/v1</c>, <c>Event</c>) of a user whom the door admits.</summary>
internal static class AuditEventReader
{
    private const int LongestCredential = 128;

    private static readonly string[] Stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];

    /// <summary>Reads an event, in whose object the reader is; all of it or nothing.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="isReport">Whether the gateway sent it: only then its annotations count.</param>
    /// <exception cref="FormatException">It is not a whole event.</exception>
    public static AuditEvent Read(ref Utf8JsonReader reader, bool isReport)
    {
        var (read, code) = (
            new AuditEvent { AuditId = "", Stage = "", At = default, ReceivedAt = default, Verb = "", Username = "", IsReport = isReport }, (int?)null);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("auditID"u8)) read = read with { AuditId = AuditJson.NextText(ref reader, 64) };
            else if (reader.ValueTextEquals("stage"u8)) read = read with { Stage = AuditJson.NextText(ref reader, 32) };
            else if (reader.ValueTextEquals("verb"u8)) read = read with { Verb = AuditJson.NextText(ref reader, 63) };
            else if (reader.ValueTextEquals("requestURI"u8)) read = read with { RequestUri = AuditJson.NextText(ref reader, LongTexts.Longest) };
            else if (reader.ValueTextEquals("user"u8)) read = NextUser(ref reader, read);
            else if (reader.ValueTextEquals("impersonatedUser"u8)) read = read with { ImpersonatedUser = NextName(ref reader) };
            else if (reader.ValueTextEquals("sourceIPs"u8)) read = read with { SourceIps = AuditJson.NextTexts(ref reader, 64) };
            else if (reader.ValueTextEquals("userAgent"u8)) read = read with { UserAgent = AuditJson.NextText(ref reader, 256) };
            else if (reader.ValueTextEquals("objectRef"u8)) read = NextReference(ref reader, read);
            else if (reader.ValueTextEquals("responseStatus"u8)) code = NextCode(ref reader);
            else if (reader.ValueTextEquals("annotations"u8)) read = NextAnnotations(ref reader, read);
            else if (reader.ValueTextEquals("requestReceivedTimestamp"u8)) read = read with { ReceivedAt = AuditJson.NextTime(ref reader) ?? default };
            else if (reader.ValueTextEquals("stageTimestamp"u8)) read = read with { At = AuditJson.NextTime(ref reader) ?? default };
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (read.AuditId.Length == 0 || !Stages.Contains(read.Stage) || read.At == default || read.ReceivedAt == default)
            throw AuditJson.Wrong("An event lacks its auditID, its stage or its times.");
        return read with { Code = code };
    }

    private static AuditEvent NextUser(ref Utf8JsonReader reader, AuditEvent read)
    {
        if (!AuditJson.Enter(ref reader)) return read;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("username"u8)) read = read with { Username = AuditJson.NextText(ref reader, AuditDoor.LongestUser) };
            else if (reader.ValueTextEquals("extra"u8)) read = read with { CredentialId = NextCredential(ref reader) };
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return read;
    }

    // A credential has one ID. Another claim of the user can have any number of values.
    private static string NextCredential(ref Utf8JsonReader reader)
    {
        var id = "";
        if (!AuditJson.Enter(ref reader)) return id;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("authentication.kubernetes.io/credential-id"u8))
                id = AuditJson.NextTexts(ref reader, LongestCredential) is [var only] ? only : "";
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return id;
    }

    private static AuditEvent NextAnnotations(ref Utf8JsonReader reader, AuditEvent read)
    {
        if (!AuditJson.Enter(ref reader)) return read;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("authorization.k8s.io/reason"u8)) read = read with { Reason = AuditJson.NextText(ref reader, 1024) };
            else if (reader.ValueTextEquals("authentication.kubernetes.io/issued-credential-id"u8))
                read = read with { IssuedCredentialId = AuditJson.NextText(ref reader, LongestCredential) };
            else if (read.IsReport && reader.ValueTextEquals(GatewayReports.BytesIn)) read = read with { BytesIn = NextCount(ref reader) };
            else if (read.IsReport && reader.ValueTextEquals(GatewayReports.BytesOut)) read = read with { BytesOut = NextCount(ref reader) };
            else if (read.IsReport && reader.ValueTextEquals(GatewayReports.Activity)) read = read with { IsActivity = NextFlag(ref reader) };
            else if (read.IsReport && reader.ValueTextEquals(GatewayReports.Begun)) read = read with { HasBegun = NextFlag(ref reader) };
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return read;
    }

    private static long? NextCount(ref Utf8JsonReader reader) =>
        long.TryParse(AuditJson.NextText(ref reader, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;

    private static bool NextFlag(ref Utf8JsonReader reader) => AuditJson.NextText(ref reader, 8) == "true";

    private static AuditEvent NextReference(ref Utf8JsonReader reader, AuditEvent read)
    {
        if (!AuditJson.Enter(ref reader)) return read;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("resource"u8)) read = read with { Resource = AuditJson.NextText(ref reader, 253) };
            else if (reader.ValueTextEquals("subresource"u8)) read = read with { Subresource = AuditJson.NextText(ref reader, 63) };
            else if (reader.ValueTextEquals("namespace"u8)) read = read with { Namespace = AuditJson.NextText(ref reader, 63) };
            else if (reader.ValueTextEquals("name"u8)) read = read with { Name = AuditJson.NextText(ref reader, 253) };
            else if (reader.ValueTextEquals("uid"u8)) read = read with { ObjectUid = AuditJson.NextText(ref reader, 64) };
            else if (reader.ValueTextEquals("apiGroup"u8)) read = read with { ApiGroup = AuditJson.NextText(ref reader, 253) };
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return read;
    }

    // A user without a name is nobody.
    private static string? NextName(ref Utf8JsonReader reader) => NextField(ref reader, "username"u8, 253) is { Length: > 0 } name ? name : null;

    private static string? NextField(ref Utf8JsonReader reader, ReadOnlySpan<byte> field, int longest)
    {
        string? found = null;
        if (!AuditJson.Enter(ref reader)) return null;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(field)) found = AuditJson.NextText(ref reader, longest);
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return found;
    }

    private static int? NextCode(ref Utf8JsonReader reader)
    {
        int? code = null;
        if (!AuditJson.Enter(ref reader)) return null;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isCode = reader.ValueTextEquals("code"u8);
            reader.Read();
            if (isCode && reader.TokenType is JsonTokenType.Number && reader.TryGetInt32(out var number)) code = number;
            reader.Skip();
        }

        return code;
    }
}
