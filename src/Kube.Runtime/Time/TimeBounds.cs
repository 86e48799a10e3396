using System.Runtime.InteropServices;

namespace Kube.Runtime;

/// <summary>The earliest and the latest that the time can be, by everything that says something about it.</summary>
/// <param name="Earliest">By the slowest of the clocks.</param>
/// <param name="Latest">By the fastest.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TimeBounds(DateTimeOffset Earliest, DateTimeOffset Latest)
{
    /// <summary>The middle.</summary>
    public DateTimeOffset Middle => Earliest + ((Latest - Earliest) / 2);

    /// <summary>How far they are apart.</summary>
    public TimeSpan Width => Latest - Earliest;

    /// <summary>Bounds that hold these as well.</summary>
    public TimeBounds Including(TimeBounds other) =>
        new(Earliest < other.Earliest ? Earliest : other.Earliest, Latest > other.Latest ? Latest : other.Latest);

    /// <summary>The same, some time later.</summary>
    public TimeBounds After(TimeSpan passed) => new(Earliest + passed, Latest + passed);
}
