namespace BreakGlass.Core.Journal;

/// <summary>
/// The entries that say which of the journal's keys follows which. They are made from the operator's key file: its first key follows each of the others. If
/// the operator still has the private key of the one before, both sign a note with the new public key, so that people who trust the key before can take over
/// the new one from the journal. A key that has leaked signs nothing, and the entry then says only that it was replaced.
/// </summary>
public static class JournalKeyEntries
{
    /// <summary>The start of the subject of these entries.</summary>
    public const string SubjectStart = "journalkeys/";

    private const string UidStart = "journalkey-";

    // The numbers of the entries of one pair of keys: a key that signs is more than one that does not.
    private const long WithoutSignature = 1, Signed = 2;

    // Anybody can write any number of them where nothing is verified.
    private const int MostNotes = 1000;

    /// <summary>What the operator's key file says, and the journal does not yet.</summary>
    /// <param name="key">The key that signs, with those that it replaced.</param>
    /// <param name="state">What the journal says.</param>
    /// <param name="seen">Now.</param>
    public static IEnumerable<JournalEntry> Missing(SigningKey key, JournalState state, DateTimeOffset seen)
    {
        foreach (var before in key.Verifier.All.Where(k => k.Key != key.Verifier.Key).DistinctBy(k => k.Key))
        {
            var number = key.All.Any(k => k.Verifier.Key == before.Key) ? Signed : WithoutSignature;
            if (state.NumberOf(UidOf(key.Verifier, before)) < number) yield return Of(key, before, number, seen);
        }
    }

    /// <summary>
    /// The keys that follow one that is trusted, as a trusted key has signed. Each is trusted from then on, so that a key that was replaced twice leads to the
    /// newest one. The signatures in the entries are enough: what is read is not verified, and of the checkpoint only its size is used.
    /// </summary>
    /// <param name="reader">Reads the journal.</param>
    /// <param name="trusted">The keys that are trusted.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static IReadOnlyList<KeySuccessor> Followers(LogReader reader, VerifierKey trusted, CancellationToken cancellationToken = default)
    {
        var (followers, notes) = (new List<KeySuccessor>(), Notes(reader, trusted.Name, cancellationToken));
        for (var before = -1; before != followers.Count;)
        {
            before = followers.Count;
            foreach (var (index, note) in notes)
            {
                if (Open(note, trusted) is not { } pair || trusted.All.Any(k => k.Key == pair.Next.Key)) continue;
                followers.Add(new(index, pair.Before.Id, pair.Next.Id, pair.Next.ToString()));
                trusted = trusted.With([.. trusted.All.Skip(1), pair.Next]);
            }
        }

        return followers;
    }

    /// <summary>The number of an entry; -1 if the id is not one.</summary>
    internal static long NumberOf(string id) => SealKeyEntries.NumberOf(id);

    private static List<(long Index, string Note)> Notes(LogReader reader, string origin, CancellationToken cancellationToken)
    {
        var notes = new List<(long Index, string Note)>();
        if (reader(Checkpoint.Path) is not { } head || Checkpoint.Unverified(head.Span, out _) is not { } checkpoint || checkpoint.Origin != origin)
            return notes;
        try
        {
            foreach (var (index, bytes) in JournalEntries.Read(reader, checkpoint.Size))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (JournalEntry.Read(bytes) is { Type: EntryTypes.JournalKeyReplaced, Data.Note: { } note }) notes.Add((index, note));
                if (notes.Count == MostNotes) break;
            }
        }
        catch (JournalException)
        {
            // What can be read is enough for a note: its signature says whether it is good.
        }

        return notes;
    }

    private static JournalEntry Of(SigningKey key, VerifierKey before, long number, DateTimeOffset seen) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{UidOf(key.Verifier, before)}/{number}"),
        Type = EntryTypes.JournalKeyReplaced,
        Source = JournalEntry.Operator,
        Subject = SubjectStart + key.Verifier.Id,
        Time = seen,
        Data = new()
        {
            Key = key.Verifier.Id,
            Follows = before.Id,
            Note = number == Signed ? Encoding.UTF8.GetString(SignedNote.Sign(Text(key.Verifier, before), key)) : null,
            Seen = true,
        },
    };

    private static string UidOf(VerifierKey key, VerifierKey before) => $"{UidStart}{key.Id}.{before.Id}";

    // Neither the text of a checkpoint nor of a batch: their second line is a number.
    private static string Text(VerifierKey key, VerifierKey before) => $"journal key of {key.Name}\n{before}\nis followed by\n{key}\n";

    /// <summary>The keys of a note that a trusted key signed about itself: another trusted key may have leaked.</summary>
    private static (VerifierKey Before, VerifierKey Next)? Open(string note, VerifierKey trusted) =>
        SignedNote.Open(Encoding.UTF8.GetBytes(note), trusted, out _) is { } text && text.Split('\n') is [_, var before, _, var next, ""]
        && trusted.All.FirstOrDefault(k => k.ToString() == before) is { } old && SignedNote.Open(Encoding.UTF8.GetBytes(note), old.With([]), out _) is not null
        && VerifierKey.TryParseLine(next, out var key) && key.Name == trusted.Name
        && text == Text(key, old) ? (old, key) : null;
}
