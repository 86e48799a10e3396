using System.Runtime.InteropServices;
using Soak;

// The soak as a program, for hack/soak.sh; the tests of this project run a short one.
SoakOptions options;
try
{
    options = SoakOptions.FromEnvironment();
}
catch (ArgumentException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}

using var stop = new CancellationTokenSource();

// Web hosts of this program would swallow both signals.
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var (violations, summary) = await new SoakRun(options, line => Console.WriteLine($"{Clock.Now:HH:mm:ss} {line}")).RunAsync(stop.Token);
    Console.WriteLine(summary);
    return violations.Count == 0 ? 0 : 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
