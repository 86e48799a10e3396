using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// What the cluster's objects imply and the journal does not have yet, besides the transitions of grants: policies, approvals, reviews, lockdowns, drills,
/// seal keys, the journal's own keys, and what else a grant's status says. It keeps nothing that the journal and the objects do not say. Not thread-safe: the
/// sequencer is the only one who uses it.
/// </summary>
/// <param name="source">The objects.</param>
/// <param name="time">Clock.</param>
/// <param name="listedEvery">After how many entries a list of what exists is appended.</param>
internal sealed class ClusterEntries(IJournalSource source, TimeProvider time, long listedEvery = JournalState.ListedEvery)
{
    /// <summary>The most objects that are looked for at the API server in one round, because the cache does not have them any more.</summary>
    internal const int MostLookedFor = 50;

    /// <summary>How long nothing is looked for after an object was still there, or the API server did not answer.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>About how many entries are made in one round.</summary>
    internal const int MostAtOnce = 2048;

    private const int FewOfThoseGone = 1024;

    private readonly JournalState _state = new(listedEvery);

    // By UID: the version of which all entries are in the journal. The texts are those of the cached objects.
    private readonly Dictionary<string, string?> _settled = new(StringComparer.Ordinal);
    private bool _canVerify = true;
    private DateTimeOffset _lookAgainAt = DateTimeOffset.MinValue;
    private DateTimeOffset _keysAgainAt = DateTimeOffset.MinValue;

    /// <summary>The key that signs the journal, with those that it replaced. Null if the entries say nothing of it.</summary>
    public SigningKey? Key { get; init; }

    /// <summary>No entry of the journal before this one has to be read.</summary>
    public long From => _state.From;

    /// <summary>Takes an entry that is in the journal, in any order.</summary>
    public void Take(long index, JournalEntry entry) => _state.Take(index, entry);

    /// <summary>What is to be appended, with the time by which it is put in order. Only after all entries that are in the journal were taken.</summary>
    /// <param name="grants">The grants in the cache.</param>
    /// <param name="size">The number of entries in the journal.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<(DateTimeOffset At, JournalEntry Entry)>> MissingAsync(IReadOnlyCollection<BreakGlassGrant> grants, long size,
        CancellationToken cancellationToken)
    {
        _state.Trim();
        _canVerify = true;
        var (now, missing) = (time.GetUtcNow(), new List<(DateTimeOffset, JournalEntry)>());
        var (approvals, reviews) = (source.Approvals, source.Reviews);
        await AddPoliciesAsync(missing, now, cancellationToken);
        await AddLockdownsAsync(missing, now, cancellationToken);
        await AddAuthoritiesAsync(missing, now, cancellationToken);
        AddDrills(missing);
        foreach (var approval in approvals)
        {
            await AddDecisionAsync(missing, approval, approval.Spec.Grant, approval.Spec.GrantUid,
                (grant, isVerified) => ApprovalEntries.Of(approval, grant, isVerified, now), cancellationToken);
        }

        foreach (var review in reviews)
        {
            await AddDecisionAsync(missing, review, review.Spec.Grant, review.Spec.GrantUid,
                (grant, isVerified) => ApprovalEntries.Of(review, grant, isVerified, now), cancellationToken);
        }

        foreach (var grant in grants) await AddNotesAsync(missing, grant, now, cancellationToken);
        await AddGoneAsync(missing, now, cancellationToken);
        await AddSealKeysAsync(missing, now, cancellationToken);
        if (Key is { } key) missing.AddRange(JournalKeyEntries.Missing(key, _state, now).Select(e => (e.Time, e)));
        if (_state.IsListDue(size)) missing.AddRange(_state.List(size, now).Select(e => (now, e)));
        TrimSettled([grants, approvals, reviews]);
        return missing;
    }

    private async Task AddPoliciesAsync(List<(DateTimeOffset At, JournalEntry Entry)> missing, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var policy in source.Policies)
        {
            if (policy.Metadata.Uid is not { } uid || _state.NumberOf(uid) >= PolicyEntries.GenerationOf(policy) || _state.IsGone(uid)) continue;
            if (await IsVerifiedAsync(policy, cancellationToken) is not { } isVerified) continue;
            var entry = PolicyEntries.Of(policy, isVerified, now);
            missing.Add((entry.Time, entry));
        }
    }

    private async Task AddLockdownsAsync(List<(DateTimeOffset At, JournalEntry Entry)> missing, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var lockdown in source.Lockdowns)
        {
            if (lockdown.Metadata.Uid is not { } uid || _state.Objects.ContainsKey(uid) || _state.IsGone(uid)) continue;
            if (await IsVerifiedAsync(lockdown, cancellationToken) is not { } isVerified) continue;
            var entry = LockdownEntries.Engaged(lockdown, isVerified, now);
            missing.Add((entry.Time, entry));
        }
    }

    private async Task AddAuthoritiesAsync(List<(DateTimeOffset At, JournalEntry Entry)> missing, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var authority in source.Authorities)
        {
            if (authority.Metadata.Uid is not { } uid || _state.NumberOf(uid) >= AuthorityEntries.GenerationOf(authority) || _state.IsGone(uid)) continue;
            if (await IsVerifiedAsync(authority, cancellationToken) is not { } isVerified) continue;
            var entry = AuthorityEntries.Of(authority, isVerified, now);
            missing.Add((entry.Time, entry));
        }
    }

    /// <summary>The runs that have ended, the oldest first, of those that the status still has.</summary>
    private void AddDrills(List<(DateTimeOffset At, JournalEntry Entry)> missing)
    {
        foreach (var drill in source.Drills)
        {
            if (drill.Metadata.Uid is not { } uid || _state.IsGone(uid)) continue;
            var known = _state.NumberOf(uid);
            foreach (var run in drill.Status.Runs.Where(r => r.FinishedAt is not null && DrillEntries.NumberOf(r.Id) > known).Reverse())
                missing.Add((run.FinishedAt!.Value, DrillEntries.Of(drill, run)));
        }
    }

    private async Task AddDecisionAsync(List<(DateTimeOffset At, JournalEntry Entry)> missing, IKubernetesObject<V1ObjectMeta> decision, string name,
        string? grantUid, Func<BreakGlassGrant, bool, JournalEntry> make, CancellationToken cancellationToken)
    {
        if (missing.Count >= MostAtOnce || decision.Metadata.Uid is null || IsSettled(decision)) return;

        // One that is about an earlier grant with this name is deleted with it.
        if (source.Grant(name) is not { Metadata.Uid: { } uid } grant || (grantUid ?? uid) != uid || _state.IsGone(uid)) return;
        if (_state.Has(uid, ApprovalEntries.IdOf(decision)))
        {
            Settle(decision);
            return;
        }

        if (await IsVerifiedAsync(decision, cancellationToken) is not { } isVerified) return;
        var entry = make(grant, isVerified);

        // The API server's times are whole seconds, those of transitions are not.
        var requested = !CacheTransforms.IsShed(grant) && grant.Status.Transitions is [var first, ..] ? first : null;
        missing.Add((requested is not null && requested.At > entry.Time ? requested.At : entry.Time, entry));
    }

    private async Task AddNotesAsync(List<(DateTimeOffset At, JournalEntry Entry)> missing, BreakGlassGrant cached, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        if (missing.Count >= MostAtOnce || cached.Metadata.Uid is not { } uid || IsSettled(cached) || _state.IsGone(uid)) return;
        var known = _state.Objects.GetValueOrDefault(uid);
        var grant = cached;
        if (CacheTransforms.IsRecord(cached))
        {
            var isProofMissing = WholeNotes(cached).Any(note => !_state.Has(uid, note.Id));
            var areNotesMissing = GrantNotes.ReadMarks(CacheTransforms.MarksOf(cached)).Any(mark => known?.Has(mark) is not true);
            if (areNotesMissing) grant = await source.ReadGrantAsync(cached.Metadata.Name, cancellationToken) ?? cached;
            if (grant.Metadata.Uid != uid || (!areNotesMissing && !isProofMissing)) grant = null;
        }

        var count = missing.Count;
        if (grant is not null)
        {
            // A copy in part has marks in the place of its residue.
            IEnumerable<JournalEntry> notes = CacheTransforms.IsRecord(cached) && ReferenceEquals(grant, cached)
                ? WholeNotes(cached) : GrantNotes.Of(grant, now);
            var last = cached.Status.Transitions is [.., { At: var at }] ? at : DateTimeOffset.MinValue;
            missing.AddRange(notes.Where(e => !_state.Has(uid, e.Id)).Select(e => (e.Time > last ? e.Time : last, e)));
        }

        if (missing.Count == count) Settle(cached);
    }

    /// <summary>The notes that a copy in part is enough for.</summary>
    private static IEnumerable<JournalEntry> WholeNotes(BreakGlassGrant grant) =>
        new[] { GrantNotes.Proven(grant), GrantNotes.VoucherUsed(grant) }.OfType<JournalEntry>();

    /// <summary>
    /// What the journal knows and the cache does not have is gone, if the API server says so too: a cache can be behind, after a change of the leader.
    /// </summary>
    private async Task AddGoneAsync(List<(DateTimeOffset At, JournalEntry Entry)> missing, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!source.HasSynced || now < _lookAgainAt) return;
        var gone = _state.Objects.Where(
            o => o.Value.Kind is not (LoggedKind.SealKey or LoggedKind.JournalKey) && source.UidOf(o.Value.Kind, o.Value.Name) != o.Key);
        foreach (var (uid, o) in gone.Take(MostLookedFor))
        {
            if (await source.IsGoneAsync(o.Kind, o.Name, uid, cancellationToken) is not true)
            {
                _lookAgainAt = now + Pause;
                continue;
            }

            missing.Add((now, o.Kind switch
            {
                LoggedKind.Policy => PolicyEntries.Deleted(uid, o.Name, now),
                LoggedKind.Lockdown => LockdownEntries.Lifted(uid, o.Name, now),
                LoggedKind.Authority => AuthorityEntries.Deleted(uid, o.Name, now),
                LoggedKind.Drill => DrillEntries.Deleted(uid, o.Name, now),
                _ => GrantNotes.Deleted(uid, o.Name, now),
            }));
        }
    }

    private async Task AddSealKeysAsync(List<(DateTimeOffset At, JournalEntry Entry)> missing, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var keys = source.SealKeys;
        if (keys.Count == 0) return;
        foreach (var key in keys.Where(k => _state.NumberOf(SealKeyEntries.UidOf(k)) == 0))
        {
            var entry = SealKeyEntries.Added(key, 0, now);
            missing.Add((entry.Time, entry));
        }

        // What is known here can be seconds old, so what contradicts the journal is read again.
        var known = _state.Objects.Where(o => o.Value.Kind is LoggedKind.SealKey).ToList();
        var used = keys.Select(SealKeyEntries.UidOf).ToHashSet(StringComparer.Ordinal);
        if (now < _keysAgainAt || known.TrueForAll(o => used.Contains(o.Key) == IsUsed(o.Value))) return;
        _keysAgainAt = now + Pause;
        if (await source.ReadSealKeysAsync(cancellationToken) is not { } live) return;
        used = live.Select(SealKeyEntries.UidOf).ToHashSet(StringComparer.Ordinal);
        foreach (var (uid, key) in known.Where(o => used.Contains(o.Key) != IsUsed(o.Value)))
        {
            missing.Add((now, IsUsed(key) ? SealKeyEntries.Retired(uid, key.Name, key.Number, now)
                : SealKeyEntries.Added(live.First(k => SealKeyEntries.UidOf(k) == uid), key.Number, now)));
        }
    }

    /// <summary>Added, retired, added again.</summary>
    private static bool IsUsed(LoggedObject key) => key.Number % 2 != 0;

    /// <summary>
    /// Null also for all that come after an object whose seal could not be judged: the API server is not asked for the keys for each of them.
    /// </summary>
    private async ValueTask<bool?> IsVerifiedAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        var isVerified = _canVerify ? await source.IsVerifiedAsync(o, cancellationToken) : null;
        _canVerify = isVerified is not null;
        return isVerified;
    }

    private bool IsSettled(IKubernetesObject<V1ObjectMeta> o) =>
        _settled.TryGetValue(o.Metadata.Uid!, out var version) && version == o.Metadata.ResourceVersion;

    private void Settle(IKubernetesObject<V1ObjectMeta> o) => _settled[o.Metadata.Uid!] = o.Metadata.ResourceVersion;

    private void TrimSettled(IReadOnlyList<IReadOnlyCollection<IKubernetesObject<V1ObjectMeta>>> all)
    {
        if (_settled.Count <= (2 * all.Sum(objects => objects.Count)) + FewOfThoseGone) return;
        var there = all.SelectMany(objects => objects).Select(o => o.Metadata.Uid ?? "").ToHashSet(StringComparer.Ordinal);
        foreach (var uid in _settled.Keys.Where(uid => !there.Contains(uid)).ToList()) _settled.Remove(uid);
    }
}
