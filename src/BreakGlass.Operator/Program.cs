using System.Runtime.InteropServices;
using BreakGlass.Operator;
using BreakGlass.Operator.Hosting;
using BreakGlass.Operator.Options;

var problems = OptionParser.Parse(args, Environment.GetEnvironmentVariable, out var options);
if (problems.Count > 0)
{
    foreach (var problem in problems) await Console.Error.WriteLineAsync(problem);
    await Console.Error.WriteLineAsync("'breakglass-operator --help' lists all options.");
    return OperatorProcess.Misconfigured;
}

switch (options.Command)
{
    case OperatorCommand.Help:
        await Console.Out.WriteAsync(OptionParser.Help());
        return OperatorProcess.Ok;
    case OperatorCommand.Version:
        await Console.Out.WriteLineAsync(ThisVersion.Text);
        return OperatorProcess.Ok;
}

OutOfMemory.EndsTheProcess();
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var logs = OperatorLogging.Create(options.LogLevel);
try
{
    return options.Command switch
    {
        OperatorCommand.Reap => await OperatorProcess.ReapAsync(options, logs, stop.Token),
        OperatorCommand.RevokeAll => await OperatorProcess.RevokeAllAsync(options, logs, stop.Token),
        OperatorCommand.ForwardAudit => await OperatorProcess.ForwardAuditAsync(options, logs, stop.Token),
        OperatorCommand.Gateway => await GatewayProcess.RunAsync(options, logs, stop.Token),
        _ => await OperatorProcess.RunAsync(options, logs, stop.Token),
    };
}
catch (Exception e) when (e is KubeConfigException or IOException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return OperatorProcess.Misconfigured;
}
