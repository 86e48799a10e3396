namespace BreakGlass.Core.Journal;

/// <summary>What the journal says of one object that was not deleted yet.</summary>
public sealed class LoggedObject
{
    private UInt128[] _ids = [];

    internal LoggedObject(LoggedKind kind, string name, long first) => (Kind, Name, First) = (kind, name, first);

    /// <summary>What it is.</summary>
    public LoggedKind Kind { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The first entry that is about it, of those that were read.</summary>
    public long First { get; private set; }

    /// <summary>
    /// Of a policy or an authority, the newest generation that is in the journal; of a seal key, how many entries it has; of a drill, its newest run.
    /// </summary>
    public long Number { get; private set; }

    /// <summary>Whether the journal has an entry of it, other than a transition.</summary>
    public bool Has(UInt128 id) => Array.IndexOf(_ids, id) >= 0;

    // Entries are taken in any order, and more than once.
    internal void Take(long index, long number) => (First, Number) = (Math.Min(First, index), Math.Max(Number, number));

    internal void TakeId(string id)
    {
        // An array, because there are few, of many grants.
        var fingerprint = EntryId.Fingerprint(id);
        if (!Has(fingerprint)) _ids = [.. _ids, fingerprint];
    }
}
