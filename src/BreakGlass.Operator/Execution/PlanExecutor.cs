using System.Runtime.ExceptionServices;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Leftovers;

namespace BreakGlass.Operator.Execution;

/// <summary>
/// Carries out the steps of a plan side by side: each step becomes requests, and their answers its result. What a result means, the run decides. Each step
/// can be done twice without harm, so a run that died, or whose answer was lost, is repaired by the next one. What the API server answers goes straight into
/// the caches, so that the next decision sees it.
/// </summary>
internal sealed class PlanExecutor(
    KubeClient client, ClusterCaches caches, LiveReads server, SealKeyring seals, CredentialIssuer credentials, ObjectRemover remover, Prover prover,
    LeftoverFinder leftovers, JournalSequencer? journal, UnconfirmedStatuses unconfirmed, Announcer announcer, TimeProvider time, ILogger logger)
{
    private static readonly StepResult Done = new StepResult.Done();

    /// <summary>Does all steps.</summary>
    /// <exception cref="AggregateException">Steps that failed and are to be tried again.</exception>
    public async Task ExecuteAsync(GrantFacts facts, GrantPlan plan, LiveRun run, CancellationToken cancellationToken)
    {
        run.Begin(plan);
        if (plan.Steps.Count == 1)
        {
            await DoAsync(facts, plan.Steps[0], run, cancellationToken);
        }
        else
        {
            var all = Task.WhenAll(plan.Steps.Select(step => DoAsync(facts, step, run, cancellationToken)));
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (all.Exception is { } errors) throw errors.InnerExceptions.Count == 1 ? errors.InnerExceptions[0] : errors;
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (run.Run.Wait is var wait && wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken);
    }

    private async Task DoAsync(GrantFacts facts, PlanStep step, LiveRun run, CancellationToken cancellationToken)
    {
        StepResult result;
        try
        {
            result = await CarryOutAsync(facts, step, run, cancellationToken);
        }
        catch (Exception e) when (e is KubeApiException || (e is KubeConnectionException && !cancellationToken.IsCancellationRequested))
        {
            result = StepResults.Of(e);
        }

        var after = run.After(facts, step, result, time.GetUtcNow());
        if (after.Event is { } happened) Announce(facts, happened);
        if (after.NewObstruction is { } obstruction) logger.RemovalObstructed(facts.Name, obstruction.ToString(), result.Cause);
        if (after.Outdated is { } place) await server.LookAsync(place, cancellationToken);
        if (after.BreaksOff) ExceptionDispatchInfo.Throw(result.Cause ?? new InvalidOperationException(WhyNot(step)));
    }

    private Task<StepResult> CarryOutAsync(GrantFacts facts, PlanStep step, LiveRun run, CancellationToken cancellationToken) => step switch
    {
        PlanStep.WriteStatus write => DoneAsync(WriteStatusAsync(facts, write, cancellationToken)),
        PlanStep.Reserve reserve => DoneAsync(ReserveAsync(reserve, cancellationToken)),
        PlanStep.Redeem redeem => DoneAsync(RedeemAsync(redeem, cancellationToken)),
        PlanStep.WriteJournal => WriteJournalAsync(facts.Grant!, cancellationToken),
        PlanStep.AddFinalizer => DoneAsync(SetFinalizersAsync(facts.Grant!, ended: false, cancellationToken)),
        PlanStep.DropFinalizer => DoneAsync(SetFinalizersAsync(facts.Grant!, ended: true, cancellationToken)),
        PlanStep.Create create => CreateAsync(facts, create.Object, cancellationToken),
        PlanStep.Repair repair => RepairAsync(repair, cancellationToken),
        PlanStep.Remove remove => RemoveAsync(facts, remove, cancellationToken),
        PlanStep.IssueToken issue => AsAsync(credentials.IssueAsync(facts.Grant!, issue, run, cancellationToken), token => new StepResult.Issued(token)),
        PlanStep.IssueCertificate issue => Task.FromResult(credentials.IssueCertificate(facts.Grant!, issue, run)),
        PlanStep.Deliver deliver => DoneAsync(credentials.DeliverAsync(facts.Grant!, deliver, run, cancellationToken)),
        PlanStep.HoldCredential hold => credentials.HoldAsync(facts.Grant!, hold, cancellationToken),
        PlanStep.CheckAccess check => AsAsync(prover.IsDeniedAsync(check, cancellationToken), isDenied => new StepResult.Checked(isDenied)),
        PlanStep.Prove prove => AsAsync(prover.ProveAsync(facts.Grant!, prove, cancellationToken), proof => new StepResult.Proven(proof)),
        PlanStep.Refresh look => server.RefreshAsync(facts.Grant!, look, cancellationToken),
        PlanStep.ReadSiblings look => DoneAsync(server.ReadSiblingsAsync(look, cancellationToken)),
        PlanStep.Find find => server.FindAsync(find, facts.Settings, cancellationToken),
        PlanStep.Announce announce => Task.FromResult(Announce(facts, announce.Event)),
        PlanStep.LookForLeftovers => AsAsync(leftovers.FindAsync(facts.Grant!, cancellationToken), seen => new StepResult.Listed(seen)),
        PlanStep.DeleteGrant => DoneAsync(client.DeleteAsync<BreakGlassGrant>(facts.Name, null,
            new() { Uid = facts.Grant!.Metadata.Uid, ResourceVersion = facts.Grant.Metadata.ResourceVersion }, cancellationToken)),
        _ => throw new InvalidOperationException($"{step.GetType().Name} is not a step that can be carried out."),
    };

    private static string WhyNot(PlanStep step) =>
        step is PlanStep.Remove { Object: var o } ? $"{o.KindName} {o.Key} is held by finalizers." : $"{step.GetType().Name} could not be carried out.";

    private static async Task<StepResult> DoneAsync(Task step)
    {
        await step;
        return Done;
    }

    private static async Task<StepResult> AsAsync<T>(Task<T> step, Func<T, StepResult> result) => result(await step);

    private async Task WriteStatusAsync(GrantFacts facts, PlanStep.WriteStatus write, CancellationToken cancellationToken)
    {
        var before = facts.Grant!;
        var status = write.Status;
        if (status.IsRecorded && !before.Status.IsRecorded) status = seals.SealRecord(before.Metadata.Uid ?? "", status);
        var after = before with { Status = status };
        await WriteAsync(before, after, () => announcer.Announce(before, after, facts.Policy, write.Events), cancellationToken);
        var isDeleted = before.Metadata.DeletionTimestamp is not null;
        if (status.Transitions.Count > before.Status.Transitions.Count && (isDeleted || status.IsTerminal)) journal?.Remember(after, isUrgent: isDeleted);
    }

    /// <summary>A status whose answer was lost on the way is looked for, at once and later by the watch: nothing else would announce it.</summary>
    private async Task WriteAsync(BreakGlassGrant before, BreakGlassGrant after, Action announce, CancellationToken cancellationToken)
    {
        BreakGlassGrant written;
        try
        {
            written = await client.ReplaceStatusAsync(after, cancellationToken);
        }
        catch (Exception e) when (e is KubeConnectionException or KubeApiException { IsServerError: true } or OperationCanceledException)
        {
            var isRemembered = unconfirmed.Add(before, after.Status, announce);

            // The watch may have shown it already.
            if (caches.Grant(after.Metadata.Name) is { } shown) unconfirmed.Look(shown);
            if (cancellationToken.IsCancellationRequested) throw;
            var there = await client.TryGetAsync<BreakGlassGrant>(after.Metadata.Name, null, cancellationToken);
            if (there is null || there.Metadata.Uid != after.Metadata.Uid || !KubeKinds.Same(there with { Metadata = after.Metadata }, after)) throw;
            caches.Learn(there);
            if (isRemembered) unconfirmed.Look(there);
            else announce();
            return;
        }

        caches.Learn(written);
        announce();
    }

    private async Task ReserveAsync(PlanStep.Reserve reserve, CancellationToken cancellationToken) =>
        caches.Learn(await client.ReplaceStatusAsync(reserve.Policy with { Status = reserve.Status }, cancellationToken));

    /// <summary>A use whose answer was lost on the way is looked for: nothing else would announce what happened with it.</summary>
    private async Task RedeemAsync(PlanStep.Redeem redeem, CancellationToken cancellationToken)
    {
        BreakGlassAuthority written;
        try
        {
            written = await client.ReplaceStatusAsync(redeem.Authority with { Status = redeem.Status }, cancellationToken);
        }
        catch (Exception e) when (e is KubeConnectionException or KubeApiException { IsServerError: true })
        {
            var (name, use) = (redeem.Authority.Metadata.Name, redeem.Status.Used[^1]);
            if (await client.TryGetAsync<BreakGlassAuthority>(name, null, cancellationToken) is not { } there
                || !there.Status.Used.Any(u => u.Id == use.Id && u.GrantUid == use.GrantUid)) throw;
            written = there;
        }

        caches.Learn(written);
        foreach (var happened in redeem.Events) announcer.Announce(written, happened);
    }

    private async Task<StepResult> WriteJournalAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        var problem = journal is null ? "the operator has no journal" : await journal.WriteAsync(grant, cancellationToken);
        return problem is null ? Done : new StepResult.NoAnswer(problem);
    }

    private async Task SetFinalizersAsync(BreakGlassGrant grant, bool ended, CancellationToken cancellationToken)
    {
        var others = grant.FinalizersOrEmpty.Where(f => f != BreakGlassApi.RevokeFinalizer);
        var finalizers = ended ? others : [.. grant.FinalizersOrEmpty, BreakGlassApi.RevokeFinalizer];
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = grant.Metadata.Uid,
                ["resourceVersion"] = grant.Metadata.ResourceVersion,
                ["finalizers"] = new JsonArray([.. finalizers.Select(f => JsonValue.Create(f))]),
            },
        };
        if (ended) patch["metadata"]!["annotations"] = new JsonObject { [BreakGlassApi.EndedAnnotation] = Timestamp.Text(time.GetUtcNow()) };
        try
        {
            caches.Learn(await client.MergePatchAsync<BreakGlassGrant>(grant.Metadata.Name, null, patch, cancellationToken));
        }
        catch (KubeApiException e) when (e.IsNotFound && ended)
        {
            caches.LearnDeleted(grant);
            throw;
        }
    }

    private async Task<StepResult> CreateAsync(GrantFacts facts, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        try
        {
            var created = await client.CreateAsync(o, cancellationToken);
            caches.Learn(created);
            return new StepResult.Written(created);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            return await ReadWhatIsThereAsync(o, cancellationToken);
        }
        catch (KubeApiException e)
        {
            var refusal = StepResults.Of(e);
            return refusal is StepResult.Forbidden && await server.IsGoneWithItsNamespaceAsync(o, e, facts.Settings, cancellationToken)
                ? new StepResult.NamespaceMissing(refusal.Code, refusal.Status) { Cause = e }
                : refusal;
        }
    }

    /// <summary>A refusal of this read is not a refusal of the create.</summary>
    private async Task<StepResult> ReadWhatIsThereAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        try
        {
            var there = await client.TryGetAsync(o, cancellationToken);
            if (there is not null) caches.LearnRead(there);
            return new StepResult.Occupied(there);
        }
        catch (KubeApiException e)
        {
            return new StepResult.NoAnswer(e.Message) { Cause = e };
        }
    }

    private async Task<StepResult> RepairAsync(PlanStep.Repair repair, CancellationToken cancellationToken)
    {
        try
        {
            var other = repair.AsksWho ? await client.LatestOtherAsync(repair.Desired, BreakGlassApi.ManagedBy, cancellationToken) : null;
            var repaired = await client.PatchAsync(repair.Desired, RepairPatch.For(repair.Desired, repair.Uid), cancellationToken);
            caches.Learn(repaired);
            return new StepResult.Written(repaired) { OtherWriter = other };
        }
        catch (KubeApiException e) when (StepResults.Of(e).SaysGone(repair.Desired))
        {
            caches.LearnDeleted(GrantObjects.StandIn(repair.Desired, repair.Uid));
            throw;
        }
    }

    private async Task<StepResult> RemoveAsync(GrantFacts facts, PlanStep.Remove remove, CancellationToken cancellationToken)
    {
        var o = remove.Object;
        if (remove.Why is Removal.Orphan && await server.IsWantedAfterAllAsync(facts.Name, o, cancellationToken)) return new StepResult.Kept();
        var cut = await remover.RemoveAsync(o, cancellationToken);
        if (cut.Result is RemovalResult.Obstructed && !await server.IsGoneWithItsNamespaceAsync(o, cut.Error, facts.Settings, cancellationToken))
        {
            if (!ReferenceEquals(cut.Object, o)) caches.Learn(cut.Object);
            return new StepResult.Obstructed(cut.Object, cut.Error is null ? null : StepResults.Of(cut.Error)) { Cause = cut.Error };
        }

        var there = cut.Result is RemovalResult.Replaced ? await client.TryGetAsync(o, cancellationToken) : null;
        caches.LearnDeleted(o);
        return cut.Result is RemovalResult.Replaced ? new StepResult.Occupied(there) : Done;
    }

    private StepResult Announce(GrantFacts facts, GrantEvent happened)
    {
        if (happened.Reason == EventReasons.OrphanRemoved) announcer.AnnounceOrphan(facts.Name, happened);
        else announcer.Announce(facts.Grant!, facts.Policy, happened);
        return Done;
    }
}
