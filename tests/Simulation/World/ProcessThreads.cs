using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace Simulation;

/// <summary>
/// The other threads of this process as the kernel sees them. One that runs, or waits for a processor on a busy machine, is at work; one that sleeps waits for
/// another, or for work, or makes a pause of some milliseconds. The thread pool itself cannot tell who is at work and who is only kept waiting.
/// </summary>
/// <remarks>
/// Not only the pool's workers: one of them can wait for a thread of the runtime, for example while that compiles. Source: proc(5),
/// <c>/proc/self/task/TID/stat</c> (the state) and <c>schedstat</c> (how often the thread was given a processor). For one thread, whose looks they are.
/// </remarks>
internal sealed class ProcessThreads : IDisposable
{
    private const string Tasks = "/proc/self/task";

    // By directory. They stay open: a look must be quick.
    private readonly Dictionary<string, ThreadFiles> _files = new(StringComparer.Ordinal);
    private readonly byte[] _text = new byte[512];

    // "/proc/thread-self" leads to "PID/task/TID".
    private readonly string _self = $"{Tasks}/{Path.GetFileName(File.ResolveLinkTarget("/proc/thread-self", returnFinalTarget: false)!.FullName)}";

    /// <summary>
    /// How often the other threads were given a processor so far, all together; null if one of them runs or could run. If two looks give the same number, none
    /// of them ran in between.
    /// </summary>
    public long? TurnsIfAsleep()
    {
        var turns = 0L;
        foreach (var directory in Directory.EnumerateDirectories(Tasks))
        {
            if (directory == _self) continue;
            try
            {
                if (!_files.TryGetValue(directory, out var files)) _files[directory] = files = ThreadFiles.Open(directory);
                if (!IsAsleep(Read(files.Stat))) return null;
                turns += LastNumber(Read(files.SchedStat));
            }
            catch (IOException)
            {
                // The thread ended.
                if (_files.Remove(directory, out var files)) files.Dispose();
                return null;
            }
        }

        return turns;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var files in _files.Values) files.Dispose();
        _files.Clear();
    }

    private ReadOnlySpan<byte> Read(SafeFileHandle file) => _text.AsSpan(0, RandomAccess.Read(file, _text, 0));

    /// <summary>The state comes after the name, which is in brackets and can contain anything.</summary>
    private static bool IsAsleep(ReadOnlySpan<byte> stat) => stat[stat.LastIndexOf((byte)')') + 2] is (byte)'S';

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
