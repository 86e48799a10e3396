namespace Soak.Faults;

/// <summary>One fault, from its beginning to its end.</summary>
internal sealed class Window(string fault, History history) : IDisposable
{
    public string Fault { get; } = fault;

    public DateTimeOffset From { get; init; } = Clock.Now;

    public DateTimeOffset? Until { get; set; }

    public void Dispose()
    {
        if (Until is not null) return;
        Until = Clock.Now;
        history.Say($"fault {Fault} is over");
    }
}
