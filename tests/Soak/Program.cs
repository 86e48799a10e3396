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
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
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
