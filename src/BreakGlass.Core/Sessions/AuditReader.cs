namespace BreakGlass.Core.Sessions;

/// <summary>
/// Reads audit events as the API server's webhook posts them (<c>EventList</c>), and as log forwarders do (an array, or one JSON document after another). What
/// it reads may be hostile: every text is cut and cleaned, and nothing is kept of the events of users whom the door does not admit.
/// </summary>
public static class AuditReader
{
    /// <summary>The deepest nesting that is read: an event may hold objects, which other people wrote. The reader needs one bit for each level.</summary>
    public const int MaxDepth = 20_000;

    private const string ApiVersion = "audit.k8s.io/v1";
    private const string Kind = "Event";
    private const int MostAddresses = 16;
    private const int LongestCredential = 128;

    private static readonly string[] Stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];

    /// <summary>Reads a body; all of it or nothing.</summary>
    /// <param name="body">The body.</param>
    /// <param name="door">Whose events are read.</param>
    /// <param name="isReport">Whether the gateway sent it: only then its annotations count. An API server's can be those of others.</param>
    /// <exception cref="FormatException">The body is not audit events. The message says where and why, and repeats nothing of it.</exception>
    public static AuditPost Read(ReadOnlySpan<byte> body, AuditDoor door, bool isReport = false)
    {
        var scan = new Scan(door, isReport);
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = MaxDepth });
            while (reader.Read()) scan.Value(ref reader);
        }
        catch (JsonException e)
        {
            throw new FormatException($"The body is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}).", e);
        }

        if (!scan.HasValue) throw new FormatException($"The body is empty. Send an EventList of {ApiVersion}, an array of events, or one event per line.");
        return new(scan.Events, scan.Foreign, scan.LastAt);
    }

    private static FormatException Wrong(string why) =>
        new($"{why} Send an EventList of {ApiVersion}, an array of events, or one event per line.");

    /// <summary>One body while it is read.</summary>
    private sealed class Scan(AuditDoor door, bool isReport)
    {
        private readonly char[] _user = new char[AuditDoor.LongestUser];

        public List<AuditEvent> Events { get; } = [];

        public int Foreign { get; private set; }

        public DateTimeOffset? LastAt { get; private set; }

        public bool HasValue { get; private set; }

        /// <summary>One document: a list of events, an array of them, or one.</summary>
        public void Value(ref Utf8JsonReader reader)
        {
            HasValue = true;
            if (reader.TokenType is JsonTokenType.StartArray) Items(ref reader, namesKind: true);
            else Object(ref reader, mayBeList: true, namesKind: true);
        }

        private void Items(ref Utf8JsonReader reader, bool namesKind)
        {
            while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray) Object(ref reader, mayBeList: false, namesKind);
        }

        /// <summary>An event, or a list of events. Only an event of somebody whom the door admits is read a second time, with all its fields.</summary>
        private void Object(ref Utf8JsonReader reader, bool mayBeList, bool namesKind)
        {
            if (reader.TokenType is not JsonTokenType.StartObject) throw Wrong("An event is not a JSON object.");
            var start = reader;
            var (kind, version, isList, isAdmitted) = ("", "", false, false);
            DateTimeOffset? at = null;
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("user"u8)) isAdmitted = NextIsAdmitted(ref reader);
                else if (reader.ValueTextEquals("stageTimestamp"u8)) at = NextTime(ref reader);
                else if (reader.ValueTextEquals("kind"u8)) kind = NextText(ref reader, 64);
                else if (reader.ValueTextEquals("apiVersion"u8)) version = NextText(ref reader, 64);
                else if (mayBeList && reader.ValueTextEquals("items"u8))
                {
                    isList = true;
                    reader.Read();
                    if (reader.TokenType is JsonTokenType.StartArray) Items(ref reader, namesKind: false);
                    else if (reader.TokenType is not JsonTokenType.Null) throw Wrong("The items of the list are not an array.");
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }

            // The items of a list do not say what they are.
            var unnamed = !namesKind && kind.Length == 0 && version.Length == 0;
            if (!unnamed && (kind != (isList ? "EventList" : Kind) || version != ApiVersion))
                throw Wrong($"A document is not an audit event of {ApiVersion}.");
            if (isList) return;
            if (at is not null && !(LastAt >= at)) LastAt = at;
            if (isAdmitted && Event(ref start, isReport) is var read && door.Keeps(read)) Events.Add(read);
            else Foreign++;
        }

        private bool NextIsAdmitted(ref Utf8JsonReader reader)
        {
            var isAdmitted = false;
            if (!Enter(ref reader)) return false;
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                var isName = reader.ValueTextEquals("username"u8);
                reader.Read();
                if (isName) isAdmitted = IsAdmitted(ref reader);
                reader.Skip();
            }

            return isAdmitted;
        }

        private bool IsAdmitted(ref Utf8JsonReader reader)
        {
            if (reader.TokenType is not JsonTokenType.String || reader.ValueSpan.Length > _user.Length) return false;
            try
            {
                return door.Admits(_user.AsSpan(0, reader.CopyString(_user)));
            }
            catch (InvalidOperationException)
            {
                // Not valid Unicode, so not a name of ours.
                return false;
            }
        }
    }

    private static AuditEvent Event(ref Utf8JsonReader reader, bool isReport)
    {
        var (read, code) = (
            new AuditEvent { AuditId = "", Stage = "", At = default, ReceivedAt = default, Verb = "", Username = "", IsReport = isReport }, (int?)null);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("auditID"u8)) read = read with { AuditId = NextText(ref reader, 64) };
            else if (reader.ValueTextEquals("stage"u8)) read = read with { Stage = NextText(ref reader, 32) };
            else if (reader.ValueTextEquals("verb"u8)) read = read with { Verb = NextText(ref reader, 63) };
            else if (reader.ValueTextEquals("requestURI"u8)) read = read with { RequestUri = NextText(ref reader, LongTexts.Longest) };
            else if (reader.ValueTextEquals("user"u8)) read = NextUser(ref reader, read);
            else if (reader.ValueTextEquals("impersonatedUser"u8)) read = read with { ImpersonatedUser = NextName(ref reader) };
            else if (reader.ValueTextEquals("sourceIPs"u8)) read = read with { SourceIps = NextTexts(ref reader, 64) };
            else if (reader.ValueTextEquals("userAgent"u8)) read = read with { UserAgent = NextText(ref reader, 256) };
            else if (reader.ValueTextEquals("objectRef"u8)) read = NextReference(ref reader, read);
            else if (reader.ValueTextEquals("responseStatus"u8)) code = NextCode(ref reader);
            else if (reader.ValueTextEquals("annotations"u8)) read = NextAnnotations(ref reader, read);
            else if (reader.ValueTextEquals("requestReceivedTimestamp"u8)) read = read with { ReceivedAt = NextTime(ref reader) ?? default };
            else if (reader.ValueTextEquals("stageTimestamp"u8)) read = read with { At = NextTime(ref reader) ?? default };
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (read.AuditId.Length == 0 || !Stages.Contains(read.Stage) || read.At == default || read.ReceivedAt == default)
            throw Wrong("An event lacks its auditID, its stage or its times.");
        return read with { Code = code };
    }

    private static AuditEvent NextUser(ref Utf8JsonReader reader, AuditEvent read)
    {
        if (!Enter(ref reader)) return read;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("username"u8)) read = read with { Username = NextText(ref reader, AuditDoor.LongestUser) };
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
        if (!Enter(ref reader)) return id;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("authentication.kubernetes.io/credential-id"u8))
                id = NextTexts(ref reader, LongestCredential) is [var only] ? only : "";
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
        if (!Enter(ref reader)) return read;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("authorization.k8s.io/reason"u8)) read = read with { Reason = NextText(ref reader, 1024) };
            else if (reader.ValueTextEquals("authentication.kubernetes.io/issued-credential-id"u8))
                read = read with { IssuedCredentialId = NextText(ref reader, LongestCredential) };
            else if (read.IsReport && reader.ValueTextEquals(GatewayReports.BytesIn)) read = read with { BytesIn = NextCount(ref reader) };
            else if (read.IsReport && reader.ValueTextEquals(GatewayReports.BytesOut)) read = read with { BytesOut = NextCount(ref reader) };
            else if (read.IsReport && reader.ValueTextEquals(GatewayReports.Activity)) read = read with { IsActivity = NextText(ref reader, 8) == "true" };
            else if (read.IsReport && reader.ValueTextEquals(GatewayReports.Begun)) read = read with { HasBegun = NextText(ref reader, 8) == "true" };
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return read;
    }

    private static long? NextCount(ref Utf8JsonReader reader) =>
        long.TryParse(NextText(ref reader, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;

    private static AuditEvent NextReference(ref Utf8JsonReader reader, AuditEvent read)
    {
        if (!Enter(ref reader)) return read;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("resource"u8)) read = read with { Resource = NextText(ref reader, 253) };
            else if (reader.ValueTextEquals("subresource"u8)) read = read with { Subresource = NextText(ref reader, 63) };
            else if (reader.ValueTextEquals("namespace"u8)) read = read with { Namespace = NextText(ref reader, 63) };
            else if (reader.ValueTextEquals("name"u8)) read = read with { Name = NextText(ref reader, 253) };
            else if (reader.ValueTextEquals("uid"u8)) read = read with { ObjectUid = NextText(ref reader, 64) };
            else if (reader.ValueTextEquals("apiGroup"u8)) read = read with { ApiGroup = NextText(ref reader, 253) };
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
        if (!Enter(ref reader)) return null;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(field)) found = NextText(ref reader, longest);
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
        if (!Enter(ref reader)) return null;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isCode = reader.ValueTextEquals("code"u8);
            reader.Read();
            if (isCode && reader.TokenType is JsonTokenType.Number && reader.TryGetInt32(out var number)) code = number;
            reader.Skip();
        }

        return code;
    }

    private static List<string> NextTexts(ref Utf8JsonReader reader, int longest)
    {
        List<string> texts = [];
        reader.Read();
        if (reader.TokenType is not JsonTokenType.StartArray)
        {
            reader.Skip();
            return texts;
        }

        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            if (Text(ref reader, longest) is { Length: > 0 } text)
            {
                // The last one stays, however many the client puts before it.
                if (texts.Count < MostAddresses) texts.Add(text);
                else texts[^1] = text;
            }

            reader.Skip();
        }

        return texts;
    }

    /// <summary>Goes on to the value of a property; true if that is an object, which the reader is then in.</summary>
    private static bool Enter(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType is JsonTokenType.StartObject) return true;
        reader.Skip();
        return false;
    }

    private static DateTimeOffset? NextTime(ref Utf8JsonReader reader)
    {
        reader.Read();
        var at = reader.TokenType is JsonTokenType.String && reader.TryGetDateTimeOffset(out var time) ? time.ToUniversalTime() : (DateTimeOffset?)null;
        reader.Skip();
        return at;
    }

    private static string NextText(ref Utf8JsonReader reader, int longest)
    {
        reader.Read();
        var text = Text(ref reader, longest);
        reader.Skip();
        return text;
    }

    /// <summary>A text, cut and without what no person sees: it becomes a key of a list, a cell of a table and a word in a message.</summary>
    private static string Text(ref Utf8JsonReader reader, int longest)
    {
        if (reader.TokenType is not JsonTokenType.String) return "";
        var text = Decoded(ref reader);
        if (text.Length > longest) text = text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
        return text.Any(IsOdd) ? string.Concat(text.Select(c => IsOdd(c) ? '?' : c)) : text;
    }

    // What is not valid Unicode must not keep the rest of the body from being counted.
    private static string Decoded(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }

    private static bool IsOdd(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse;
}
