using System.Buffers.Binary;
using System.Text;
using BreakGlass.Core;
using BreakGlass.Core.Journal;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace BreakGlass.Operator.Tests.Journal.Sinks;

/// <summary>Requests of OTLP with logs: read by a reader that the operator does not have, and sent by the SDK of OpenTelemetry.</summary>
internal static class OtlpWire
{
    // Of ExportLogsServiceRequest: ResourceLogs, Resource, KeyValue, AnyValue; ScopeLogs, Scope, LogRecord and what is in it.
    private static readonly HashSet<string> Messages =
        ["1", "1.1", "1.1.1", "1.1.1.2", "1.2", "1.2.1", "1.2.2", "1.2.2.5", "1.2.2.6", "1.2.2.6.2"];

    private const int Patience = 120_000;

    /// <summary>The fields of a request: path and value, attributes as one line.</summary>
    public static IReadOnlyList<string> Read(ReadOnlySpan<byte> request)
    {
        var lines = new List<string>();
        Read(request, "", lines);
        return lines;
    }

    /// <summary>Not when it was sent, nor what the SDK says of itself, nor the name of the logger.</summary>
    public static bool IsSame(string line) =>
        !line.StartsWith("1.2.2.11 ", StringComparison.Ordinal) && !line.StartsWith("1.2.1", StringComparison.Ordinal)
            && !line.Contains("telemetry.sdk.", StringComparison.Ordinal);

    /// <summary>Sends entries as logs by the SDK, in one request: its own limits, in real time, would cut it in two or lose it on a busy machine.</summary>
    public static void SendBySdk(Uri collector, IEnumerable<JournalCopy> copies, string cluster)
    {
        var exporter = new OtlpLogExporter(
            new() { Protocol = OtlpExportProtocol.HttpProtobuf, Endpoint = new(collector, "/v1/logs"), TimeoutMilliseconds = Patience });
        var batch = new BatchLogRecordExportProcessor(exporter, scheduledDelayMilliseconds: Patience, exporterTimeoutMilliseconds: Patience);
        using var factory = LoggerFactory.Create(builder => builder.AddOpenTelemetry(options =>
        {
            options.IncludeFormattedMessage = true;
            options.SetResourceBuilder(ResourceBuilder.CreateEmpty().AddAttributes(
                [new("service.name", "breakglass-operator"), new("service.version", ThisVersion.Text), new("k8s.cluster.name", cluster)]));
            options.AddProcessor(new AtTheTimeOfTheEvent());
            options.AddProcessor(batch); // the factory disposes of it
        }));
        var logger = factory.CreateLogger("breakglass.journal");
        foreach (var copy in copies)
        {
            var entry = copy.Entry;
            List<KeyValuePair<string, object?>> attributes =
            [
                new("cloudevents.event_id", entry.Id), new("cloudevents.event_source", entry.Source), new("cloudevents.event_spec_version", entry.Specversion),
                new("cloudevents.event_type", entry.Type), new("cloudevents.event_subject", entry.Subject), new("breakglass.journal.origin", copy.Origin),
                new("breakglass.journal.index", copy.Index),
            ];
            logger.Log(LogLevel.Information, new EventId(0, entry.Type), attributes, null,
                (_, _) => Encoding.UTF8.GetString(copy.Document.Span));
        }

        if (!batch.ForceFlush(Patience)) throw new TimeoutException("the SDK did not send its logs");
    }

    private static void Read(ReadOnlySpan<byte> message, string path, List<string> lines)
    {
        while (message.Length > 0)
        {
            var key = Varint(ref message);
            var field = path.Length == 0 ? $"{key >> 3}" : $"{path}.{key >> 3}";
            switch (key & 7)
            {
                case 0:
                    lines.Add($"{field} {Varint(ref message)}");
                    break;
                case 1:
                    lines.Add($"{field} {BinaryPrimitives.ReadUInt64LittleEndian(message)}");
                    message = message[8..];
                    break;
                case 5:
                    lines.Add($"{field} {BinaryPrimitives.ReadUInt32LittleEndian(message)}");
                    message = message[4..];
                    break;
                case 2:
                    var length = (int)Varint(ref message);
                    ReadInner(message[..length], field, lines);
                    message = message[length..];
                    break;
                default:
                    throw new FormatException($"field {field} has the wire type {key & 7}");
            }
        }
    }

    private static void ReadInner(ReadOnlySpan<byte> value, string field, List<string> lines)
    {
        if (!Messages.Contains(field))
        {
            lines.Add($"{field} {Encoding.UTF8.GetString(value)}");
            return;
        }

        var inner = new List<string>();
        Read(value, field, inner);
        if (field.EndsWith("1.1.1", StringComparison.Ordinal) || field.EndsWith("2.2.6", StringComparison.Ordinal)) lines.Add(string.Join(" = ", inner));
        else lines.AddRange(inner);
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        for (var i = 0; ; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            bytes = bytes[(i + 1)..];
            return value;
        }
    }

    private sealed class AtTheTimeOfTheEvent : BaseProcessor<LogRecord>
    {
        private int _number;

        public override void OnEnd(LogRecord data) => data.Timestamp = SampleJournal.Entry(_number++).Time.UtcDateTime;
    }
}
