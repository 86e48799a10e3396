using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace TestKit.Kubelet;

/// <summary>What the client of an exec or attach request wants, from the query.</summary>
internal sealed record CommandOptions(IReadOnlyList<string> Command, bool Input, bool Output, bool Error, bool Tty);

/// <summary>The client's side of an exec or attach: SPDY or WebSocket carries it.</summary>
internal abstract class CommandChannels
{
    private readonly Channel<TerminalSize> _sizes = Channel.CreateUnbounded<TerminalSize>();

    /// <summary>What the client types; null if it sends nothing.</summary>
    public abstract PipeReader? Input { get; }

    /// <summary>The sizes of the client's terminal, the first one and each change.</summary>
    public ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    /// <summary>Ends when the client has closed the connection, or lost it.</summary>
    public abstract Task Closed { get; }

    /// <summary>Whether the client reads a status; older protocols have a text instead, and none for success.</summary>
    protected bool HasStatus { get; init; }

    /// <summary>Sends what the process wrote to standard output.</summary>
    public abstract ValueTask WriteOutputAsync(ReadOnlyMemory<byte> data);

    /// <summary>Sends what the process wrote to standard error.</summary>
    public abstract ValueTask WriteErrorAsync(ReadOnlyMemory<byte> data);

    /// <summary>Says how it ended, and closes all streams.</summary>
    public Task FinishAsync(int exitCode) => FinishAsync(exitCode == 0
        ? new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" }
        : Failure("NonZeroExitCode", $"command terminated with non-zero exit code: exit status {exitCode}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = exitCode.ToString(CultureInfo.InvariantCulture) }),
        }));

    /// <summary>Says that it could not be done, and closes all streams.</summary>
    public Task FailAsync(string message) => FinishAsync(Failure("InternalError", message, new JsonObject(), code: 500));

    /// <summary>Sends the last message, a Status.</summary>
    protected abstract Task FinishAsync(byte[] status);

    /// <summary>Reads the sizes of a stream of JSON objects, one after the other.</summary>
    protected void ReadSizes(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
        {
            var size = JsonNode.Parse(ref reader)!;
            _sizes.Writer.TryWrite(new(size["Width"]!.GetValue<ushort>(), size["Height"]!.GetValue<ushort>()));
        }
    }

    /// <summary>No more sizes come.</summary>
    protected void EndSizes() => _sizes.Writer.TryComplete();

    private static JsonObject Failure(string reason, string message, JsonObject details, int? code = null)
    {
        var status = new JsonObject
        {
            ["metadata"] = new JsonObject(), ["status"] = "Failure", ["reason"] = reason, ["message"] = message, ["details"] = details,
        };
        if (code is not null) status["code"] = code;
        return status;
    }

    private Task FinishAsync(JsonObject status)
    {
        if (HasStatus) return FinishAsync(Encoding.UTF8.GetBytes(status.ToJsonString()));
        return FinishAsync(status["message"] is { } message ? Encoding.UTF8.GetBytes(message.GetValue<string>()) : []);
    }
}
