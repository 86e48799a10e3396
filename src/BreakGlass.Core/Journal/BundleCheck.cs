namespace BreakGlass.Core.Journal;

/// <summary>
/// Verifies the evidence of one grant with nothing but its files and a public key: that the key signed the checkpoint, that each entry is in the journal, that
/// no transition of the grant is missing, and that the report says the same as the entries.
/// </summary>
public static class BundleCheck
{
    /// <summary>Verifies a bundle.</summary>
    /// <param name="files">Its files, by their paths.</param>
    /// <param name="key">The key that signs the journal's checkpoints. It must not come from the bundle.</param>
    public static BundleReport Run(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files, VerifierKey key)
    {
        var problems = new List<JournalProblem>();
        var checkpoint = Open(files, key, problems);
        var grant = GrantOf(files, problems);
        var entries = new List<ProvenEntry>();
        if (checkpoint is not null && Prove(files, checkpoint, entries, problems) && grant is not null)
        {
            problems.AddRange(Order(entries, grant.Metadata.Name));
            problems.AddRange(Disagreements(grant, entries));
            problems.AddRange(Recordings(files, entries));
        }

        problems.AddRange(Damaged(files, [.. problems.Select(p => p.First)]));
        return new(grant?.Metadata.Name, checkpoint, entries, [.. problems.Take(JournalCheck.MostProblems)]);
    }

    private static Checkpoint? Open(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files, VerifierKey key, List<JournalProblem> problems)
    {
        if (files.TryGetValue(BundleFiles.Key, out var text) && !text.Span.SequenceEqual(Encoding.UTF8.GetBytes($"{key}\n")))
            problems.Add(new(null, null, $"{BundleFiles.Key} is not the key that you gave: the bundle is of another journal, or the file was changed"));
        var why = "it is missing";
        if (files.TryGetValue(Checkpoint.Path, out var note) && Checkpoint.Open(note.Span, key, out why) is { } checkpoint) return checkpoint;
        problems.Add(new(null, null, $"the file {Checkpoint.Path} cannot be trusted: {why}. No entry can be verified without it"));
        return null;
    }

    private static BreakGlassGrant? GrantOf(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files, List<JournalProblem> problems)
    {
        var why = "is missing";
        if (files.TryGetValue(BundleFiles.Report, out var report))
        {
            why = "does not contain a grant that can be read";
            try
            {
                using var json = JsonDocument.Parse(report, new() { AllowDuplicateProperties = false });
                if (json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty(BundleFiles.Grant, out var part)
                    && part.Deserialize(KubeKinds.Of<BreakGlassGrant>().Json) is { Metadata: { Name: not null, Uid: not null } } grant) return grant;
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                // Said below.
            }
        }

        problems.Add(new(null, null, $"the file {BundleFiles.Report} {why}"));
        return null;
    }

    /// <summary>Whether all entries are proven. Where some are not, what is missing between the others says nothing new.</summary>
    private static bool Prove(
        IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files, Checkpoint checkpoint, List<ProvenEntry> entries, List<JournalProblem> problems)
    {
        var before = problems.Count;
        foreach (var index in files.Keys.Select(BundleFiles.IndexOf).OfType<long>().Distinct().Order())
        {
            var (entryPath, proofPath) = (BundleFiles.EntryPath(index), BundleFiles.ProofPath(index));
            if (!files.TryGetValue(entryPath, out var bytes))
                problems.Add(JournalProblem.At(index, $"was dropped: {entryPath} is missing, and its proof is not"));
            else if (!files.TryGetValue(proofPath, out var text)) problems.Add(JournalProblem.At(index, $"cannot be proven: {proofPath} is missing"));
            else if (LogProof.Read(text) is not { } proof || proof.Index != index)
                problems.Add(JournalProblem.At(index, $"cannot be proven: {proofPath} is not a proof of this entry"));
            else if (!proof.Note.Span.SequenceEqual(files[Checkpoint.Path].Span))
                problems.Add(JournalProblem.At(index, $"cannot be proven: {proofPath} has another checkpoint than the bundle"));
            else if (!proof.Proves(bytes.Span, checkpoint))
                problems.Add(JournalProblem.At(index, $"is not what was signed: {entryPath} or {proofPath} was changed"));
            else if (JournalEntry.Read(bytes) is not { } entry)
                problems.Add(JournalProblem.At(index, "is not one that this version can read. Use a newer version of the plugin"));
            else entries.Add(new(index, entry, bytes, proof.Hashes));
        }

        return problems.Count == before;
    }

    private static IEnumerable<JournalProblem> Order(List<ProvenEntry> entries, string grant)
    {
        var order = new EntryOrder();
        foreach (var entry in entries)
        {
            if (!entry.Entry.IsOf(grant)) yield return JournalProblem.At(entry.Index, $"does not belong here: it is not about {grant}");
            else if (order.Problem(entry.Entry) is { } problem) yield return JournalProblem.At(entry.Index, problem);
        }

        foreach (var gap in order.Gaps()) yield return new(null, null, gap);
    }

    /// <summary>Compares what the report says with the entries: who, which policy, when and why.</summary>
    private static IEnumerable<JournalProblem> Disagreements(BreakGlassGrant grant, List<ProvenEntry> entries)
    {
        var byId = new Dictionary<string, ProvenEntry>(StringComparer.Ordinal);
        foreach (var entry in entries) byId.TryAdd(entry.Entry.Id, entry);
        foreach (var expected in GrantEntries.Of(grant, 0))
        {
            if (!byId.Remove(expected.Id, out var found))
                yield return new(null, null, $"the entry {expected.Id} ({expected.Type}) is missing: {BundleFiles.Report} has this transition");
            else if (Differences(found.Entry, expected) is { Count: > 0 } differences)
                yield return JournalProblem.At(found.Index, $"{BundleFiles.Report} does not say what this entry says about {string.Join(", ", differences)}");
        }

        foreach (var more in byId.Values.Where(e => e.Entry.Position?.Uid == grant.Metadata.Uid).OrderBy(e => e.Index))
            yield return JournalProblem.At(more.Index, $"is {more.Entry.Id}, a transition that {BundleFiles.Report} does not have");
        var (status, transitions) = (grant.Status, grant.Status.Transitions);
        if (status.Phase != (transitions is [.., var last] ? last.To : null))
            yield return new(null, null, $"the phase in {BundleFiles.Report} is not that of its last transition");
        if (status.ActivatedAt is { } activated && transitions.LastOrDefault(t => t.To is GrantPhase.Pending) is { } recorded && recorded.At != activated)
            yield return new(null, null, $"activatedAt in {BundleFiles.Report} is not the time of the transition to {GrantPhase.Pending}");
        if (status.EndedAt is { } ended && transitions is [.., var end] && end.At != ended)
            yield return new(null, null, $"endedAt in {BundleFiles.Report} is not the time of its last transition");
    }

    /// <summary>Compares the recordings in the bundle with the hashes in the entries. A bundle need not contain them.</summary>
    private static IEnumerable<JournalProblem> Recordings(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files, List<ProvenEntry> entries)
    {
        var parts = JournalRecording.Of(entries).SelectMany(r => r.Parts.Select(p => (Path: r.PathOf(p.Part), p.Index, p.Part)))
            .ToDictionary(p => p.Path, StringComparer.Ordinal);
        foreach (var path in files.Keys.Where(RecordingFile.IsPath).Order(StringComparer.Ordinal))
        {
            if (!parts.TryGetValue(path, out var part)) yield return new(null, null, $"{path} does not belong here: no entry has its hash");
            else if (!JournalRecording.IsPart(part.Part, files[path].Span))
                yield return JournalProblem.At(part.Index, $"{path} is not what this entry has the hash of: the recording was changed or is damaged");
        }
    }

    private static List<string> Differences(JournalEntry entry, JournalEntry expected)
    {
        var (a, b) = (entry.Data, expected.Data);
        (string Name, bool IsSame)[] fields =
        [
            ("type", entry.Type == expected.Type), ("subject", entry.Subject == expected.Subject), ("time", entry.Time == expected.Time),
            ("grant", a.Grant == b.Grant), ("policy", a.Policy == b.Policy), ("requester", a.Requester == b.Requester),
            ("justification", a.Justification == b.Justification), ("ticket", a.Ticket == b.Ticket), ("from", a.From == b.From), ("to", a.To == b.To),
            ("actor", a.Actor == b.Actor), ("reason", a.Reason == b.Reason),
        ];
        return [.. fields.Where(f => !f.IsSame).Select(f => f.Name)];
    }

    /// <summary>
    /// Compares the files with their hashes. Somebody who changes a file can change its hash, so this proves nothing, but it finds damage in files that no
    /// signature covers, and files that are missing.
    /// </summary>
    private static IEnumerable<JournalProblem> Damaged(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files, HashSet<long?> named)
    {
        if (!files.TryGetValue(BundleFiles.Sums, out var bytes))
        {
            yield return new(null, null, $"the file {BundleFiles.Sums} is missing");
            yield break;
        }

        var (text, expected) = (Encoding.Latin1.GetString(bytes.Span), BundleFiles.SumsOf(files));
        if (text == expected) yield break;
        var (listed, there) = (Lines(text), Lines(expected));
        var isExplained = false;
        foreach (var path in listed.Keys.Union(there.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (sum, found) = (listed.GetValueOrDefault(path), there.GetValueOrDefault(path));
            if (sum == found) continue;
            isExplained = true;
            var index = BundleFiles.IndexOf(path);
            if (index is not null && named.Contains(index)) continue;
            yield return new(index, index, found is null ? $"{path} is missing, and {BundleFiles.Sums} lists it"
                : sum is null ? $"{path} was added, or its line in {BundleFiles.Sums} was removed"
                : $"{path} or its line in {BundleFiles.Sums} was changed");
        }

        if (!isExplained) yield return new(null, null, $"the file {BundleFiles.Sums} was changed");
    }

    private static Dictionary<string, string> Lines(string text)
    {
        var lines = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            if (line.Split("  ", 2) is [var sum, var path]) lines.TryAdd(path, sum);
        }

        return lines;
    }
}
