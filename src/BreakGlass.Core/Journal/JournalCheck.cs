namespace BreakGlass.Core.Journal;

/// <summary>
/// Verifies a journal with nothing but its files and a public key. The tree is built again from all entries and, beside that, from the hashes that are stored
/// for them. The signed root tells which of the two is right where they differ, so that a problem names the entry.
/// </summary>
public static class JournalCheck
{
    /// <summary>How many problems are reported. Who changes more than that has changed the whole journal.</summary>
    public const int MostProblems = 20;

    /// <summary>Verifies the whole journal.</summary>
    /// <param name="reader">Reads it.</param>
    /// <param name="key">The key that signs its checkpoints.</param>
    /// <param name="kept">A checkpoint that was kept somewhere else; the journal must begin with the entries that it covers.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public static JournalReport Run(LogReader reader, VerifierKey key, ReadOnlyMemory<byte>? kept = null, CancellationToken cancellationToken = default)
    {
        if (Open(reader, key, out _, out var problem) is not { } checkpoint) return new(null, [problem!]);
        var problems = new List<JournalProblem>();
        var older = kept is { } note ? OpenKept(note, key, checkpoint, problems) : null;
        var (entries, hashes, suspects) = (new TreeAgain(reader, checkpoint.Size), new TreeAgain(reader, checkpoint.Size), new List<ReadBundle>());
        var rootThen = (Entries: TreeHash.Empty, Hashes: TreeHash.Empty);
        for (var start = 0L; start < checkpoint.Size; start += Tile.FullWidth)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bundle = ReadBundle.Read(reader, Tile.Of(0, start >> Tile.Height, checkpoint.Size));
            if (!bundle.IsGood && suspects.Count <= MostProblems) suspects.Add(bundle);
            var (byEntries, byHashes) = (bundle.Entries ?? bundle.Hashes, bundle.Hashes ?? bundle.Entries);
            if (byEntries is null || byHashes is null)
            {
                // Neither is whole, so what follows cannot be verified. This also ends the check of a size that nobody could have written.
                problems.AddRange(suspects.Select(Both).Take(MostProblems));
                problems.Add(new(start, checkpoint.Size - 1, "cannot be verified, because entries and hashes are damaged or missing"));
                return new(checkpoint, problems);
            }

            if (older is { Size: var size } && size > start && size - start <= byEntries.Length)
                rootThen = (entries.Root(byEntries.AsMemory(0, (int)(size - start))), hashes.Root(byHashes.AsMemory(0, (int)(size - start))));
            entries.Add(byEntries);
            hashes.Add(byHashes);
            if (checkpoint.Size - start <= Tile.FullWidth) break;
        }

        entries.Finish();
        hashes.Finish();
        problems.AddRange(Judge(checkpoint, entries, hashes, suspects).Take(MostProblems));
        if (older is not null && rootThen.Entries != older.Root && rootThen.Hashes != older.Root) problems.Add(new(0, Math.Max(older.Size - 1, 0),
            "are not those that the kept checkpoint covers: the journal was written again after that checkpoint"));
        return new(checkpoint, problems);
    }

    /// <summary>
    /// Verifies the entries of one grant: that each is in the journal by a proof, that none is there twice, and that none of its transitions, of
    /// the entries with its session's events and of those with parts of recordings is missing between them. The other entries are not numbered.
    /// </summary>
    /// <param name="reader">Reads the journal.</param>
    /// <param name="key">The key that signs its checkpoints.</param>
    /// <param name="grant">The name of the grant.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public static GrantReport RunFor(LogReader reader, VerifierKey key, string grant, CancellationToken cancellationToken = default) =>
        Open(reader, key, out var note, out var problem) is { } checkpoint
            ? For(reader, checkpoint, note, grant, cancellationToken) : new(null, note, [], [problem!]);

    /// <summary>
    /// Reads the entries of one grant without a key. They belong to the checkpoint, and nothing shows that the operator signed it: use it only if the reader
    /// is told so.
    /// </summary>
    /// <param name="reader">Reads the journal.</param>
    /// <param name="grant">The name of the grant.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static GrantReport RunUnverifiedFor(LogReader reader, string grant, CancellationToken cancellationToken = default) =>
        Open(reader, null, out var note, out var problem) is { } checkpoint
            ? For(reader, checkpoint, note, grant, cancellationToken) : new(null, note, [], [problem!]);

    private static GrantReport For(
        LogReader reader, Checkpoint checkpoint, ReadOnlyMemory<byte> note, string grant, CancellationToken cancellationToken)
    {
        var tree = new LogTree(reader, checkpoint.Size);
        var (entries, problems, order) = (new List<ProvenEntry>(), new List<JournalProblem>(), new EntryOrder());
        try
        {
            foreach (var (index, bytes) in JournalEntries.Read(reader, checkpoint.Size))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (JournalEntry.Read(bytes) is not { } entry || !entry.IsOf(grant)) continue;
                var proof = tree.Inclusion(index);
                if (!TreeProof.Includes(TreeHash.Leaf(bytes.Span), index, checkpoint.Size, checkpoint.Root, proof))
                {
                    problems.Add(JournalProblem.At(index, "is not what was signed: the entry or a hash above it was changed. Verify the whole journal"));
                    continue;
                }

                entries.Add(new(index, entry, bytes, proof));
                if (order.Problem(entry) is { } wrong) problems.Add(JournalProblem.At(index, wrong));
            }

            problems.AddRange(order.Gaps().Select(gap => new JournalProblem(null, null, gap)));
        }
        catch (JournalException e)
        {
            problems.Add(new(null, null, e.Message));
        }

        return new(checkpoint, note, entries, problems);
    }

    private static Checkpoint? Open(LogReader reader, VerifierKey? key, out ReadOnlyMemory<byte> note, out JournalProblem? problem)
    {
        problem = null;
        var file = reader(Checkpoint.Path);
        note = file.GetValueOrDefault();
        if (file is null)
        {
            problem = new(null, null, "the file checkpoint is missing: this is not a journal, or nothing was written to it yet");
            return null;
        }

        string why;
        if ((key is null ? Checkpoint.Unverified(note.Span, out why) : Checkpoint.Open(note.Span, key, out why)) is { } checkpoint) return checkpoint;
        problem = new(null, null, $"the file checkpoint cannot be trusted: {why}");
        return null;
    }

    private static Checkpoint? OpenKept(ReadOnlyMemory<byte> note, VerifierKey key, Checkpoint checkpoint, List<JournalProblem> problems)
    {
        var kept = Checkpoint.Open(note.Span, key, out var why);
        if (kept is null) problems.Add(new(null, null, $"the kept checkpoint cannot be trusted: {why}"));
        if (kept is null || kept.Size <= checkpoint.Size) return kept;
        problems.Add(new(checkpoint.Size, kept.Size - 1, "were removed: the kept checkpoint covers them, and the journal ends before them"));
        return null;
    }

    private static IEnumerable<JournalProblem> Judge(Checkpoint checkpoint, TreeAgain entries, TreeAgain hashes, List<ReadBundle> suspects)
    {
        var (areEntriesRight, areHashesRight) = (entries.Root() == checkpoint.Root, hashes.Root() == checkpoint.Root);
        if (areEntriesRight || areHashesRight)
        {
            foreach (var bundle in suspects)
            {
                // Where the entries are not whole, the stored hashes stood for them.
                var (entry, tile) = (bundle.EntryProblem(), bundle.TileProblem());
                if (areEntriesRight && bundle is { Entries: not null, Remaining: 0 }) yield return tile ?? entry!;
                else yield return entry ?? tile!;
            }

            foreach (var problem in (areEntriesRight ? entries : hashes).Problems) yield return problem;
            yield break;
        }

        foreach (var bundle in suspects) yield return Both(bundle);

        // Entries that were changed together with their hashes show one level higher.
        foreach (var problem in entries.Problems.Concat(hashes.Problems).DistinctBy(p => (p.First, p.Last))) yield return problem;
        if (suspects.Count + entries.Problems.Count + hashes.Problems.Count > 0) yield break;
        yield return checkpoint.Size == 0 ? new JournalProblem(null, null, "the checkpoint has no entries, and a root that is not that of an empty journal")
            : new JournalProblem(0, checkpoint.Size - 1, "do not have the root that was signed: entries and all hashes over them were changed together");
    }

    private static JournalProblem Both(ReadBundle bundle) => bundle.EntryProblem() ?? bundle.TileProblem()
        ?? new(bundle.Start, bundle.Start + bundle.Tile.Width - 1, "entries or hashes are damaged");
}
