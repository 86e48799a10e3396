using System.Runtime.InteropServices;
using BreakGlass.Cli;

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    // The grant is revoked before the process ends; a second signal does not wait for that.
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
return await CommandLine.RunAsync(args, RealHost.Create(), stop.Token);
