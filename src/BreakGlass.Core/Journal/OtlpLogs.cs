namespace BreakGlass.Core.Journal;

/// <summary>
/// Entries as a request of OTLP/HTTP with binary protobuf: an ExportLogsServiceRequest of opentelemetry-proto 1. Names are those of OpenTelemetry's
/// semantic conventions where there are any.
/// </summary>
public static class OtlpLogs
{
    private const string Service = "breakglass-operator";
    private const string Scope = "breakglass.journal";
    private const int SeverityInfo = 9;

    /// <summary>Writes a request.</summary>
    /// <param name="copies">The entries.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="version">The version of the operator.</param>
    /// <param name="now">When the entries are sent.</param>
    public static byte[] Request(IReadOnlyCollection<JournalCopy> copies, string cluster, string version, DateTimeOffset now)
    {
        var request = new ProtobufWriter();
        request.Message(1, resourceLogs =>
        {
            resourceLogs.Message(1, resource =>
            {
                Attribute(resource, 1, "service.name", Service);
                Attribute(resource, 1, "service.version", version);
                Attribute(resource, 1, "k8s.cluster.name", cluster);
            });
            resourceLogs.Message(2, scopeLogs =>
            {
                scopeLogs.Message(1, scope => scope.Text(1, Scope));
                foreach (var copy in copies) scopeLogs.Message(2, record => Record(record, copy, now));
            });
        });
        return request.ToArray();
    }

    /// <summary>
    /// The number of log records that the collector says it has not taken, in the body of an answer that is good (ExportLogsServiceResponse); 0 if the body
    /// says nothing of it, or cannot be read.
    /// </summary>
    public static long Rejected(ReadOnlySpan<byte> answer)
    {
        var partialSuccess = Find(answer, field: 1, out _);
        _ = Find(partialSuccess, field: 1, out var rejected);
        return rejected;
    }

    private static void Record(ProtobufWriter record, JournalCopy copy, DateTimeOffset now)
    {
        var entry = copy.Entry;
        record.Fixed(1, Nanoseconds(entry.Time));
        record.Number(2, SeverityInfo);
        record.Text(3, "Information");
        record.Message(5, body => body.Bytes(1, copy.Document.Span));
        Attribute(record, 6, "cloudevents.event_id", entry.Id);
        Attribute(record, 6, "cloudevents.event_source", entry.Source);
        Attribute(record, 6, "cloudevents.event_spec_version", entry.Specversion);
        Attribute(record, 6, "cloudevents.event_type", entry.Type);
        Attribute(record, 6, "cloudevents.event_subject", entry.Subject);
        Attribute(record, 6, "breakglass.journal.origin", copy.Origin);
        record.Message(6, attribute =>
        {
            attribute.Text(1, "breakglass.journal.index");
            attribute.Message(2, value => value.Number(3, copy.Index));
        });
        record.Fixed(11, Nanoseconds(now));
        record.Text(12, entry.Type);
    }

    private static void Attribute(ProtobufWriter message, int field, string name, string text) => message.Message(field, attribute =>
    {
        attribute.Text(1, name);
        attribute.Message(2, value => value.Text(1, text));
    });

    // 64 bits of nanoseconds end in the year 2554; a forged time can be later.
    private static ulong Nanoseconds(DateTimeOffset time) =>
        (ulong)Math.Clamp((time - DateTimeOffset.UnixEpoch).Ticks, 0, long.MaxValue / TimeSpan.NanosecondsPerTick) * TimeSpan.NanosecondsPerTick;

    /// <summary>The last field with a number: its bytes, or its value if it is a number. Other fields are passed over.</summary>
    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> message, int field, out long number)
    {
        ReadOnlySpan<byte> found = [];
        number = 0;
        while (TryVarint(ref message, out var key))
        {
            var value = 0UL;
            var length = (key & 7) switch { 1 => 8UL, 5 => 4UL, _ => 0UL };
            if ((key & 7) is 0 && !TryVarint(ref message, out value)) break;
            if ((key & 7) is 2 && !TryVarint(ref message, out length)) break;
            if ((key & 7) is 3 or 4 or > 5 || length > (ulong)message.Length) break;
            var bytes = message[..(int)length];
            message = message[(int)length..];
            if (key >> 3 != (ulong)field) continue;
            found = bytes;
            number = unchecked((long)value);
        }

        return found;
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < Math.Min(bytes.Length, 10); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            bytes = bytes[(i + 1)..];
            return true;
        }

        return false;
    }
}
