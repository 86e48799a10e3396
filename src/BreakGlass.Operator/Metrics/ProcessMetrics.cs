using System.Diagnostics.Metrics;

namespace BreakGlass.Operator.Metrics;

/// <summary>The process_* metrics every Prometheus client has, read from Linux' /proc; elsewhere there are none.</summary>
internal sealed class ProcessMetrics
{
    // USER_HZ, the unit of /proc/[pid]/stat, is 100 on every architecture .NET runs on (proc_pid_stat(5)).
    private const double TicksPerSecond = 100;

    private readonly string _proc;

    private ProcessMetrics(string proc) => _proc = proc;

    /// <summary>Creates the instruments on the meter where there is a /proc to read.</summary>
    /// <param name="meter">The meter that keeps them.</param>
    /// <param name="proc">The file system, <c>/proc</c>.</param>
    public static void AddTo(Meter meter, string proc = "/proc")
    {
        if (!File.Exists(Path.Combine(proc, "self", "stat"))) return;
        var read = new ProcessMetrics(proc);
        meter.CreateObservableCounter(
            "process_cpu_seconds_total", () => Values(read.CpuSeconds), unit: null, "Total user and system CPU time spent in seconds.");
        meter.CreateObservableGauge("process_resident_memory_bytes", () => Values(read.ResidentBytes), unit: null, "Resident memory size in bytes.");
        meter.CreateObservableGauge(
            "process_start_time_seconds", () => Values(read.StartTime), unit: null, "Start time of the process since unix epoch in seconds.");
        meter.CreateObservableGauge("process_open_fds", () => Values(read.OpenFiles), unit: null, "Number of open file descriptors.");
        meter.CreateObservableGauge("process_max_fds", () => Values(read.MaxFiles), unit: null, "Maximum number of open file descriptors.");
    }

    // A value that cannot be read is left out; it must not take the others with it.
    private static IEnumerable<Measurement<double>> Values(Func<double> read)
    {
        double value;
        try
        {
            value = read();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException
            or OverflowException)
        {
            return [];
        }

        return [new(value)];
    }

    private double CpuSeconds() => (StatField(14) + StatField(15)) / TicksPerSecond;

    private double ResidentBytes() => Number(Read("self", "statm").Split(' ')[1]) * Environment.SystemPageSize;

    private double StartTime()
    {
        var boot = Read("stat").Split('\n').First(line => line.StartsWith("btime ", StringComparison.Ordinal));
        return Number(boot.Split(' ')[1]) + (StatField(22) / TicksPerSecond);
    }

    private double OpenFiles() => Directory.EnumerateFileSystemEntries(Path.Combine(_proc, "self", "fd")).Count();

    private double MaxFiles()
    {
        var line = Read("self", "limits").Split('\n').First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return soft == "unlimited" ? double.PositiveInfinity : Number(soft);
    }

    // Fields are counted from 1; the second is the program's name in parentheses, which may itself hold spaces and parentheses.
    private double StatField(int field)
    {
        var stat = Read("self", "stat");
        return Number(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[field - 3]);
    }

    private string Read(params ReadOnlySpan<string> path) => File.ReadAllText(Path.Combine([_proc, .. path]));

    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
