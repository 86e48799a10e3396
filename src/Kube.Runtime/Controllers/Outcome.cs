using System.Runtime.InteropServices;

namespace Kube.Runtime;

/// <summary>What a reconciliation that did not fail asks for. A failure is an exception.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Outcome
{
    /// <summary>Nothing more to do until something changes.</summary>
    public static Outcome Done { get; }

    /// <summary>When to come back; null for not at all, or where <see cref="Delay"/> says it.</summary>
    public DateTimeOffset? Due { get; private init; }

    /// <summary>After how long to come back.</summary>
    public TimeSpan? Delay { get; private init; }

    /// <summary>The lane to come back in.</summary>
    public Lane Lane { get; private init; }

    /// <summary>Come back at an instant of the wall clock.</summary>
    public static Outcome At(DateTimeOffset due, Lane lane = Lane.Normal) => new() { Due = due, Lane = lane };

    /// <summary>Come back after a delay.</summary>
    public static Outcome After(TimeSpan delay, Lane lane = Lane.Normal) => new() { Delay = delay, Lane = lane };
}
