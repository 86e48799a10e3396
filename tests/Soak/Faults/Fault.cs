namespace Soak.Faults;

/// <summary>One kind of fault: makes it, waits, takes it back.</summary>
internal sealed record Fault(string Name, Func<Stage, Random, CancellationToken, Task> MakeAsync);
