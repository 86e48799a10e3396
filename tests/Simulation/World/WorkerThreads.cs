using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace Simulation;

/// <summary>
/// The worker threads of the thread pool as the kernel sees them. A worker that runs, or waits for a processor on a busy machine, is at work; one that
/// sleeps waits for work. The pool itself cannot tell the two apart.
/// </summary>
/// <remarks>Source: proc(5), <c>/proc/self/task/TID/stat</c> (the state) and <c>schedstat</c> (how often the thread was given a processor).</remarks>
internal sealed class WorkerThreads : IDisposable
{
    private const string Tasks = "/proc/self/task";

    // Their files stay open: a look must be quick.
    private readonly List<ThreadFiles> _workers = [];
    private readonly byte[] _text = new byte[512];

    /// <summary>The name that the runtime gives to each worker of its pool, as <c>stat</c> has it, and the space before the state.</summary>
    private static ReadOnlySpan<byte> WorkerName => "(.NET TP Worker) "u8;

    /// <summary>
    /// How often the workers were given a processor so far, all together; null if one of them runs or could run, or if a worker begins or ends. If two looks
    /// give the same number, no worker ran between them.
    /// </summary>
    public long? TurnsIfAsleep()
    {
        if (_workers.Count != ThreadPool.ThreadCount)
        {
            Find();
            if (_workers.Count != ThreadPool.ThreadCount) return null;
        }

        try
        {
            var turns = 0L;
            foreach (var worker in _workers)
            {
                if (StateOf(worker.Stat) is not 'S') return null;
                turns += LastNumber(Read(worker.SchedStat));
            }

            return turns;
        }
        catch (IOException)
        {
            // A worker ended.
            Dispose();
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var worker in _workers) worker.Dispose();
        _workers.Clear();
    }

    private void Find()
    {
        Dispose();
        foreach (var directory in Directory.EnumerateDirectories(Tasks))
        {
            try
            {
                var files = ThreadFiles.Open(directory);
                if (StateOf(files.Stat) is null) files.Dispose();
                else _workers.Add(files);
            }
            catch (IOException)
            {
                // The thread ended.
            }
        }
    }

    /// <summary>The state of a worker; null for a thread that is not one.</summary>
    private char? StateOf(SafeFileHandle stat)
    {
        var text = Read(stat);
        var name = text.IndexOf(WorkerName);
        return name < 0 ? null : (char)text[name + WorkerName.Length];
    }

    private ReadOnlySpan<byte> Read(SafeFileHandle file) => _text.AsSpan(0, RandomAccess.Read(file, _text, 0));

    private static long LastNumber(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd((byte)'\n');
        return Utf8Parser.TryParse(text[(text.LastIndexOf((byte)' ') + 1)..], out long number, out _) ? number
            : throw new PlatformNotSupportedException($"{Tasks}/*/schedstat has no numbers: the kernel was built without scheduler statistics.");
    }

    private sealed record ThreadFiles(SafeFileHandle Stat, SafeFileHandle SchedStat) : IDisposable
    {
        public static ThreadFiles Open(string directory)
        {
            var stat = File.OpenHandle($"{directory}/stat");
            try
            {
                return new(stat, File.OpenHandle($"{directory}/schedstat"));
            }
            catch
            {
                stat.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            Stat.Dispose();
            SchedStat.Dispose();
        }
    }
}
