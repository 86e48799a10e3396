using System.Buffers;
using System.Text.Encodings.Web;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace BreakGlass.Operator.Logging;

/// <summary>
/// Writes an entry as one line of JSON with the names other operators' logs have: time (UTC), level, logger, msg, then the values of
/// the scopes (reconcileID and the like) and of the message, then error. The framework's own formatter nests these and cannot mask.
/// </summary>
internal sealed class JsonLineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    /// <summary>The name it is chosen by.</summary>
    public const string FormatterName = "json-line";

    private const string Template = "{OriginalFormat}";
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }; // for a terminal, not a web page

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var line = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(line, Json))
        {
            var written = new HashSet<string> { "time", "level", "logger", "msg", "error", "scopes" };
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", Word(logEntry.LogLevel));
            json.WriteString("logger", logEntry.Category);
            json.WriteString("msg", SecretMask.Apply(logEntry.Formatter(logEntry.State, null)));
            var scopes = new List<string>();
            scopeProvider?.ForEachScope((scope, _) => WriteScope(scope, json, written, scopes), state: 0);
            if (logEntry.State is IEnumerable<KeyValuePair<string, object?>> values) WriteValues(values, json, written);
            if (scopes.Count > 0)
            {
                json.WriteStartArray("scopes");
                foreach (var scope in scopes) json.WriteStringValue(SecretMask.Apply(scope));
                json.WriteEndArray();
            }

            if (logEntry.Exception is { } error) json.WriteString("error", SecretMask.Apply(error.ToString()));
            json.WriteEndObject();
        }

        textWriter.Write(Encoding.UTF8.GetString(line.WrittenSpan));
        textWriter.Write('\n');
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };

    private static void WriteScope(object? scope, Utf8JsonWriter json, HashSet<string> written, List<string> scopes)
    {
        if (scope is IEnumerable<KeyValuePair<string, object?>> values) WriteValues(values, json, written);
        else if (scope is KeyValuePair<string, object?> value) WriteValues([value], json, written);
        else if (scope?.ToString() is { Length: > 0 } text) scopes.Add(text);
    }

    // Of two values of one name the outer scope's is kept: JSON with a name twice is read differently by different readers.
    private static void WriteValues(IEnumerable<KeyValuePair<string, object?>> values, Utf8JsonWriter json, HashSet<string> written)
    {
        foreach (var (name, value) in values)
        {
            if (name == Template || !written.Add(name)) continue;
            json.WritePropertyName(name);
            switch (value)
            {
                case null: json.WriteNullValue(); break;
                case bool yes: json.WriteBooleanValue(yes); break;
                case int number: json.WriteNumberValue(number); break;
                case long number: json.WriteNumberValue(number); break;
                case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
                case IFormattable formattable:
                    json.WriteStringValue(SecretMask.Apply(formattable.ToString(format: null, CultureInfo.InvariantCulture))); break;
                default: json.WriteStringValue(SecretMask.Apply(value.ToString() ?? "")); break;
            }
        }
    }
}
