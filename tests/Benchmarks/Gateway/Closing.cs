using System.Runtime.InteropServices;

namespace Benchmarks.Gateway;

/// <summary>When a stream was closed, as its client saw it.</summary>
/// <param name="At">The timestamp of the TimeProvider.</param>
/// <param name="Time">The time of day, to compare with a grant's expiresAt.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Closing(long At, DateTimeOffset Time)
{
    public static Closing Now => new(TimeProvider.System.GetTimestamp(), TimeProvider.System.GetUtcNow());
}
