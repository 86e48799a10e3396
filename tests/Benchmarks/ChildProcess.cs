using System.Diagnostics;
using System.Globalization;

namespace Benchmarks;

/// <summary>A process that is measured, or that helps to measure. It never outlives the benchmark.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private ChildProcess(Process process)
    {
        Process = process;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    public Process Process { get; }

    public bool HasExited => Process.HasExited;

    /// <summary>Starts a program.</summary>
    /// <exception cref="InvalidOperationException">It did not start.</exception>
    public static ChildProcess Start(ProcessStartInfo start) =>
        new(Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start."));

    /// <summary>Ends it as Kubernetes does, by SIGTERM, and if that is not enough, at once.</summary>
    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        if (!Process.HasExited)
        {
            using var kill = Process.Start("/bin/kill", ["-TERM", Process.Id.ToString(CultureInfo.InvariantCulture)]);
            using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
            await Process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!Process.HasExited) Process.Kill();
        }

        Process.Dispose();
    }

    private void OnExit(object? sender, EventArgs e) => Process.Kill();
}
