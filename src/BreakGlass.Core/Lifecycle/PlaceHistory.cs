using BreakGlass.Core.Messages;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// What happened lately to one object of a grant, or to the place where it should stand. It keeps the number of writes bounded whatever others do, and
/// a crash loses nothing by it but patience.
/// </summary>
/// <param name="Place">Kind, namespace and name.</param>
public sealed record PlaceHistory(IKubernetesObject<V1ObjectMeta> Place)
{
    /// <summary>The most repairs of one object in <see cref="RepairWindow"/>: a user who changes it once more is fighting.</summary>
    public const int MostRepairs = 5;

    /// <summary>The time in which repairs are counted.</summary>
    public static readonly TimeSpan RepairWindow = TimeSpan.FromMinutes(1);

    /// <summary>How long an object that is fought over is left alone.</summary>
    public static readonly TimeSpan Truce = TimeSpan.FromMinutes(5);

    private const int MostDoublings = 5;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LaterRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan QuickFor = TimeSpan.FromMinutes(5);

    /// <summary>The last answer, if the API server refused the write.</summary>
    public ServerAnswer? Answer { get; init; }

    /// <summary>How often it refused in a row.</summary>
    public int Refusals { get; init; }

    /// <summary>When it refused first.</summary>
    public DateTimeOffset RefusedSince { get; init; }

    /// <summary>When it was made last.</summary>
    public DateTimeOffset? MadeAt { get; init; }

    /// <summary>The latest repairs.</summary>
    public IReadOnlyList<DateTimeOffset> Repairs { get; init => field = value ?? []; } = [];

    /// <summary>Nothing is written there before.</summary>
    public DateTimeOffset? RestsUntil { get; init; }

    /// <summary>Whether the object is fought over: it was put right too often in too short a time.</summary>
    public bool IsContested { get; init; }

    /// <summary>Whether what had to be put right was what it gives or to whom, and not its marks alone.</summary>
    public bool GaveOther { get; init; }

    /// <summary>Who else writes it, as far as its managedFields tell.</summary>
    public string? With { get; init; }

    /// <summary>Whether nothing is to be written there now.</summary>
    public bool Rests(DateTimeOffset now) => now < RestsUntil;

    /// <summary>After the API server refused to have it written.</summary>
    public PlaceHistory Refused(ServerAnswer answer, DateTimeOffset now)
    {
        var since = Answer is null ? now : RefusedSince;
        var pause = now - since > QuickFor ? LaterRetry : FirstRetry * Math.Pow(2, Math.Min(Refusals, MostDoublings));
        return this with { Answer = answer, Refusals = Refusals + 1, RefusedSince = since, RestsUntil = now + pause };
    }

    /// <summary>After it was made. Whatever has to be made twice within the window was deleted in between.</summary>
    public PlaceHistory Made(bool again, DateTimeOffset now)
    {
        var made = this with { Answer = null, Refusals = 0, MadeAt = now };
        return again || now - MadeAt < RepairWindow ? made.Repaired(now) : made;
    }

    /// <summary>When something is found there that gives something else than was decided.</summary>
    public PlaceHistory Gives(Drift drift) => drift is Drift.Repair or Drift.Replace ? this with { GaveOther = true } : this;

    /// <summary>Whether it is put right for the last time before it is left alone.</summary>
    public bool IsLastRepair(DateTimeOffset now) => Repairs.Count(at => now - at < RepairWindow) == MostRepairs - 1;

    /// <summary>After it was put right.</summary>
    public PlaceHistory Repaired(DateTimeOffset now)
    {
        IReadOnlyList<DateTimeOffset> recent = [.. Repairs.Where(at => now - at < RepairWindow), now];
        return recent.Count < MostRepairs
            ? this with { Answer = null, Refusals = 0, Repairs = recent, IsContested = false, RestsUntil = null, GaveOther = GaveOther && recent.Count > 1 }
            : this with { Answer = null, Refusals = 0, Repairs = [], IsContested = true, RestsUntil = now + Truce };
    }

    /// <summary>Whether nothing in it matters any more.</summary>
    public bool IsPast(DateTimeOffset now) =>
        now - RestsUntil > Truce || (RestsUntil is null && Repairs.All(at => now - at >= RepairWindow) && !(now - MadeAt < RepairWindow));

    /// <summary>Why the object is not as it should be, for people.</summary>
    public string Why => Answer?.ToString() ?? AccessMessages.Fight(With, Truce);
}
