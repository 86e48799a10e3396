using System.Collections;
using System.Text;
using TestKit.Kubelet.Processes;

namespace TestKit.Kubelet;

/// <summary>
/// A program of this machine that runs beside the test, for what a person does: <c>kubectl exec -it</c> in a terminal, <c>kubectl port-forward</c>.
/// </summary>
public sealed class RunningCommand : IAsyncDisposable
{
    private readonly SessionProcess _process;
    private readonly StringBuilder _output = new();
    private readonly Signal _changed = new();
    private readonly Task _reading;

    private RunningCommand(SessionProcess process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.Output), process.Error is { } error ? ReadAsync(error) : Task.CompletedTask);
    }

    /// <summary>Ends with the exit code.</summary>
    public Task<int> Exit => _process.Exit;

    /// <summary>All that it has written so far, to both outputs, and with the control sequences of terminals.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Starts a program with this process's environment.</summary>
    /// <param name="environment">Variables that differ.</param>
    /// <param name="terminal">The size of the terminal in which it runs; null for pipes.</param>
    public static async Task<RunningCommand> StartAsync(
        IEnumerable<string> command, IReadOnlyDictionary<string, string>? environment = null, TerminalSize? terminal = null)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "");
        if (terminal is not null) variables["TERM"] = "xterm";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) variables[name] = value;
        return new(await SessionProcess.StartAsync(command, Path.GetTempPath(), variables, terminal));
    }

    /// <summary>Types at the keyboard, where <c>\r</c> is the return key, or writes to standard input.</summary>
    public async Task TypeAsync(string text)
    {
        await _process.Input.WriteAsync(Encoding.UTF8.GetBytes(text));
        await _process.Input.FlushAsync();
    }

    /// <summary>Ends its standard input.</summary>
    public void CloseInput() => _process.CloseInput();

    /// <summary>Waits until it has written a text.</summary>
    public Task WritesAsync(string text) =>
        _changed.Until(() => Output.Contains(text, StringComparison.Ordinal), $"'{text}' from a command", () => $"it has written\n{Output}\n");

    /// <summary>Changes the size of the terminal, as a person does who resizes the window.</summary>
    public void Resize(TerminalSize size) => _process.Resize(size);

    /// <summary>Kills it at once, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await Exit;
    }

    /// <summary>Kills it.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _reading.Soon("the end of a killed command's output");
        _process.Dispose();
    }

    private async Task ReadAsync(Stream from)
    {
        var decoder = Encoding.UTF8.GetDecoder();
        await from.CopyAsync(data =>
        {
            var characters = new char[data.Length + 1];
            var length = decoder.GetChars(data.Span, characters, flush: false);
            lock (_output) _output.Append(characters.AsSpan(0, length));
            _changed.Raise();
            return ValueTask.CompletedTask;
        });
    }
}
