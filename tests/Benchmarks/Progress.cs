namespace Benchmarks;

/// <summary>Tells whoever waits what is going on.</summary>
internal static class Progress
{
    private static readonly long Started = TimeProvider.System.GetTimestamp();

    public static void Say(string text) =>
        Console.Error.WriteLine($"[{Text.Number(TimeProvider.System.GetElapsedTime(Started).TotalSeconds, "s", 0),6}, load {Machine.Load}] {text}");
}
