using System.Collections.Concurrent;
using System.Text;

namespace TestKit.Kubelet.Processes;

/// <summary>The main process of a container: what it writes goes to the log and to the clients that are attached.</summary>
internal sealed class MainProcess : IDisposable
{
    private readonly ConcurrentDictionary<CommandChannels, bool> _attached = new();
    private readonly SessionProcess _process;
    private readonly ContainerLog _log;

    /// <summary>Takes a process that was started.</summary>
    public MainProcess(SessionProcess process, ContainerSpec spec, ContainerLog log)
    {
        (_process, _log, Spec) = (process, log, spec);
        if (!spec.Input && !spec.Tty) process.CloseInput();
        Exit = RunAsync();
    }

    /// <summary>How it was started.</summary>
    public ContainerSpec Spec { get; }

    /// <summary>The number of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Ends with the exit code, when all that the process wrote was passed on.</summary>
    public Task<int> Exit { get; }

    /// <summary>What attached clients type.</summary>
    public Stream Input => _process.Input;

    /// <summary>Sends the client all that the process writes from now on.</summary>
    public void Attach(CommandChannels client) => _attached[client] = true;

    /// <summary>The client has gone.</summary>
    public void Detach(CommandChannels client) => _attached.TryRemove(client, out _);

    /// <summary>Changes the size of its terminal.</summary>
    public void Resize(TerminalSize size) => _process.Resize(size);

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();

    /// <summary>Kills it and what it started.</summary>
    public void Kill() => _process.Kill();

    private async Task<int> RunAsync()
    {
        await Task.WhenAll(
            PassOnAsync(_process.Output, (client, data) => client.WriteOutputAsync(data)),
            _process.Error is { } error ? PassOnAsync(error, (client, data) => client.WriteErrorAsync(data)) : Task.CompletedTask);
        var code = await _process.Exit;
        _log.End();
        return code;
    }

    private async Task PassOnAsync(Stream from, Func<CommandChannels, ReadOnlyMemory<byte>, ValueTask> to)
    {
        var line = new StringBuilder();
        await from.CopyAsync(async data =>
        {
            foreach (var character in Encoding.UTF8.GetString(data.Span))
            {
                if (character != '\n')
                {
                    line.Append(character);
                    continue;
                }

                _log.Append(line.ToString().TrimEnd('\r'));
                line.Clear();
            }

            foreach (var client in _attached.Keys) await to(client, data);
        });
        if (line.Length > 0) _log.Append(line.ToString());
    }
}
