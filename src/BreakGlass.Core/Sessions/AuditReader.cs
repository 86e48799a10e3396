namespace BreakGlass.Core.Sessions;

/// <summary>
/// Reads audit events as the API server's webhook posts them (<c>EventList</c>), and as log forwarders do (an array, or one JSON document after another). What
/// it reads may be hostile: every text is cut and cleaned, and nothing is kept of the events of users whom the door does not admit.
/// </summary>
public static class AuditReader
{
    /// <summary>The deepest nesting that is read: an event may hold objects, which other people wrote. The reader needs one bit for each level.</summary>
    public const int MaxDepth = 20_000;

    private const string Kind = "Event";

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

        if (!scan.HasValue) throw AuditJson.Wrong("The body is empty.");
        return new(scan.Events, scan.Foreign, scan.LastAt);
    }

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
            if (reader.TokenType is not JsonTokenType.StartObject) throw AuditJson.Wrong("An event is not a JSON object.");
            var start = reader;
            var (kind, version, isList, isAdmitted) = ("", "", false, false);
            DateTimeOffset? at = null;
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("user"u8)) isAdmitted = NextIsAdmitted(ref reader);
                else if (reader.ValueTextEquals("stageTimestamp"u8)) at = AuditJson.NextTime(ref reader);
                else if (reader.ValueTextEquals("kind"u8)) kind = AuditJson.NextText(ref reader, 64);
                else if (reader.ValueTextEquals("apiVersion"u8)) version = AuditJson.NextText(ref reader, 64);
                else if (mayBeList && reader.ValueTextEquals("items"u8))
                {
                    isList = true;
                    reader.Read();
                    if (reader.TokenType is JsonTokenType.StartArray) Items(ref reader, namesKind: false);
                    else if (reader.TokenType is not JsonTokenType.Null) throw AuditJson.Wrong("The items of the list are not an array.");
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }

            // The items of a list do not say what they are.
            var unnamed = !namesKind && kind.Length == 0 && version.Length == 0;
            if (!unnamed && (kind != (isList ? "EventList" : Kind) || version != AuditJson.ApiVersion))
                throw AuditJson.Wrong($"A document is not an audit event of {AuditJson.ApiVersion}.");
            if (isList) return;
            if (at is not null && !(LastAt >= at)) LastAt = at;
            if (isAdmitted && AuditEventReader.Read(ref start, isReport) is var read && door.Keeps(read)) Events.Add(read);
            else Foreign++;
        }

        private bool NextIsAdmitted(ref Utf8JsonReader reader)
        {
            var isAdmitted = false;
            if (!AuditJson.Enter(ref reader)) return false;
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
}
