using System.Diagnostics.CodeAnalysis;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal.Sinks;

/// <summary>Skips with a message where rsyslog is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
[SuppressMessage("Design", "CA1019", Justification = "it has no arguments")]
public sealed class RsyslogFactAttribute : FactAttribute
{
    public RsyslogFactAttribute()
    {
        if (Program is null || !Modules.Any(File.Exists))
            Skip = "rsyslogd with TLS is not installed; it comes with Debian's packages rsyslog and rsyslog-gnutls";
    }

    /// <summary>The program; null if it is not there.</summary>
    internal static string? Program { get; } = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':')
        .Select(folder => Path.Combine(folder, "rsyslogd")).FirstOrDefault(File.Exists);

    private static IEnumerable<string> Modules =>
        from architecture in (string[])["x86_64-linux-gnu/", "aarch64-linux-gnu/", ""] select $"/usr/lib/{architecture}rsyslog/lmnsd_gtls.so";
}
