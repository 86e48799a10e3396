using System.Runtime.InteropServices;
using BreakGlass.Cli;

// The grant is revoked before the process ends; a second signal does not wait for that.
using var interruptions = new Interruptions();
void Stop(PosixSignalContext signal) => signal.Cancel = interruptions.Take();

using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
return await CommandLine.RunAsync(args, RealHost.Create(interruptions), interruptions.Stop);
