using BreakGlass.Operator.Metrics;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Operator.Tests.Metrics;

public sealed class ProcessMetricsTests
{
    [Fact]
    public async Task They_say_what_proc_says()
    {
        var proc = Directory.CreateTempSubdirectory("proc-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(proc, "self", "fd"));
            await File.WriteAllTextAsync(Path.Combine(proc, "self", "fd", "0"), "");
            await File.WriteAllTextAsync(Path.Combine(proc, "self", "fd", "1"), "");
            await File.WriteAllTextAsync(Path.Combine(proc, "stat"), "cpu  1 2 3\nbtime 1795000000\nprocesses 5\n");
            await File.WriteAllTextAsync(Path.Combine(proc, "self", "stat"), "42 (odd ) name) S 1 2 3 4 5 6 7 8 9 10 150 25 14 15 16 17 18 19 1234 21 22\n");
            await File.WriteAllTextAsync(Path.Combine(proc, "self", "statm"), "999 100 50 1 0 30 0\n");
            await File.WriteAllTextAsync(Path.Combine(proc, "self", "limits"), "Limit                     Soft Limit           Hard Limit           "
                + "Units\nMax open files            1024                 524288               files\n");
            using var scraped = new Scraped();
            ProcessMetrics.AddTo(scraped.Meter, proc);
            var text = await scraped.ScrapeAsync();
            text.Should().Contain("# TYPE process_cpu_seconds_total counter\n# HELP process_cpu_seconds_total Total user and system CPU time spent in "
                + "seconds.\nprocess_cpu_seconds_total{} 1.75\n");
            text.Should().Contain($"process_resident_memory_bytes{{}} {100 * Environment.SystemPageSize}\n");
            text.Should().Contain("process_start_time_seconds{} 1795000012.34\n");
            text.Should().Contain("process_open_fds{} 2\n");
            text.Should().Contain("process_max_fds{} 1024\n");

            File.Delete(Path.Combine(proc, "self", "limits"));
            var without = await scraped.ScrapeAsync();
            without.Should().Contain("process_open_fds{} 2\n");
        }
        finally
        {
            Directory.Delete(proc, recursive: true);
        }
    }

    [Fact]
    public async Task Where_there_is_no_proc_there_are_none()
    {
        using var scraped = new Scraped();
        ProcessMetrics.AddTo(scraped.Meter, Path.Combine(Path.GetTempPath(), "no-such-folder"));
        (await scraped.ScrapeAsync()).Should().BeEmpty();
    }
}
