using System.Globalization;
using System.Runtime.InteropServices;

namespace Benchmarks;

/// <summary>What the figures were measured on, without anything that would tell whose machine it is.</summary>
internal static class Machine
{
    /// <summary>Runnable processes, averaged over the last minute: above the number of cores, something else competed.</summary>
    public static string Load => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    public static string Describe(string serverVersion, string operatorForm, string loadAtStart)
    {
        var memory = Field("/proc/meminfo", "MemTotal") is { } total
            ? $"{long.Parse(total.Split(' ')[0], CultureInfo.InvariantCulture) / 1024 / 1024 + 1} GB" : "?";
        var model = (Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.OSArchitecture.ToString()).Replace("(R)", "").Replace("(TM)", "");
        var kernel = string.Join('.', Environment.OSVersion.Version.ToString().Split('.').Take(2));
        return string.Create(CultureInfo.InvariantCulture, $"""
            Measured on {TimeProvider.System.GetUtcNow():yyyy-MM-dd}: {Environment.ProcessorCount} cores ({model}), {memory} memory, Linux {kernel}, .NET {Environment.Version}; Kubernetes {serverVersion},
            etcd without fsync, and both API server and the measuring client on the same cores. Operator: {operatorForm}. Load average {loadAtStart} at the start, {Load} at the end.
            """);
    }

    private static string? Field(string file, string name) => File.ReadLines(file)
        .FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
