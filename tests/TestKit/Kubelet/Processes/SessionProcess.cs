using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace TestKit.Kubelet.Processes;

/// <summary>A process that leads a session of its own, with pipes or in a terminal. All processes of the session are killed with it.</summary>
internal sealed class SessionProcess : IDisposable
{
    private readonly Process _process;
    private readonly SafeFileHandle? _terminal;
    private readonly Lock _killing = new();
    private bool _isOver;

    private SessionProcess(Process process, SafeFileHandle? terminal)
    {
        _process = process;
        _terminal = terminal;
        Id = process.Id;
        if (terminal is null)
        {
            (Input, Output, Error) = (process.StandardInput.BaseStream, process.StandardOutput.BaseStream, process.StandardError.BaseStream);
        }
        else
        {
            var stream = new TerminalStream(terminal);
            (Input, Output) = (stream, stream);
        }

        Exit = ExitAsync();
    }

    /// <summary>The number of the process, and of its session.</summary>
    public int Id { get; }

    /// <summary>What the process reads; the terminal's keyboard.</summary>
    public Stream Input { get; }

    /// <summary>What the process writes; the terminal's screen.</summary>
    public Stream Output { get; }

    /// <summary>What the process writes to standard error; null in a terminal.</summary>
    public Stream? Error { get; }

    /// <summary>Ends with the exit code; 128 and the number of the signal that killed it.</summary>
    public Task<int> Exit { get; }

    /// <summary>Starts a command.</summary>
    /// <param name="size">The size of the terminal in which it runs; null for pipes.</param>
    public static async Task<SessionProcess> StartAsync(
        IEnumerable<string> command, string directory, IReadOnlyDictionary<string, string> environment, TerminalSize? size)
    {
        if (size is null) return new(await Starter.StartAsync(command, directory, environment, terminal: null), null);
        var (master, slave) = Native.OpenTerminal();
        try
        {
            Native.Resize(master, size.Value);
            return new(await Starter.StartAsync(command, directory, environment, slave), master);
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }

    /// <summary>Ends what the process reads. A terminal has no end.</summary>
    public void CloseInput()
    {
        if (_terminal is null) Input.Dispose();
    }

    /// <summary>Changes the size of the terminal, if there is one.</summary>
    public void Resize(TerminalSize size)
    {
        if (_terminal is { IsClosed: false }) Native.Resize(_terminal, size);
    }

    /// <summary>Kills the process and everything in its session.</summary>
    public void Kill()
    {
        lock (_killing)
        {
            if (_isOver) return; // the number may belong to another process by now
            if (!_process.HasExited) _process.Kill();
            KillSession();
        }
    }

    /// <summary>The processes of the session that still run.</summary>
    public IReadOnlyList<int> Members()
    {
        var members = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                // The name is in parentheses and may contain anything; after it come state, parent, group and session.
                var stat = File.ReadAllText(Path.Combine(directory, "stat"));
                if (stat[(stat.LastIndexOf(')') + 2)..].Split(' ') is [not "Z" and not "X", _, _, var session, ..]
                    && int.Parse(session, CultureInfo.InvariantCulture) == Id) members.Add(id);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended between the two looks.
            }
        }

        return members;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Kill();
        Input.Dispose();
        Output.Dispose();
        Error?.Dispose();
        _terminal?.Dispose();
        _process.Dispose();
    }

    private async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync();
        var code = _process.ExitCode;
        lock (_killing)
        {
            KillSession(); // what it left behind would hold its output open
            _isOver = true;
        }

        return code;
    }

    private void KillSession()
    {
        // Again, for what was forked in the meantime, and while they die.
        for (var looks = 0; looks < 10 && Members() is { Count: > 0 } members; looks++)
        {
            foreach (var id in members) Native.KillProcess(id);
        }
    }
}
