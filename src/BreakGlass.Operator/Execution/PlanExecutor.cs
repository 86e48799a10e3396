using System.Runtime.ExceptionServices;
using System.Text.Json.Nodes;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using BreakGlass.Operator.Announcing;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Leftovers;
using BreakGlass.Operator.Logging;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Sealing;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Operator.Execution;

/// <summary>
/// Carries out the steps of a plan side by side. Each of them can be done twice without harm, so a run that died, or whose answer was lost, is
/// repaired by the next one. What the API server answers goes straight into the caches, so that the next decision sees it.
/// </summary>
internal sealed class PlanExecutor(
    KubeClient client, ClusterCaches caches, ServerReads server, SealBook seals, CredentialIssuer credentials, Cutter cutter, Prover prover, LeftoverFinder leftovers, HistoryBook histories,
    UnsureStatuses unsure, Announcer announcer, OperatorMetrics metrics, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RoleRetry = TimeSpan.FromMilliseconds(10);

    /// <summary>Does all steps.</summary>
    /// <exception cref="AggregateException">Steps that failed and are to be tried again.</exception>
    public async Task ExecuteAsync(GrantFacts facts, GrantPlan plan, GrantRun run, CancellationToken cancellationToken)
    {
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

        if (plan.Cuts && plan.Steps.Any(s => s is PlanStep.Remove { Why: Removal.Revocation } or PlanStep.Find)) run.Note(a => a with { Cut = true });
    }

    private Task DoAsync(GrantFacts facts, PlanStep step, GrantRun run, CancellationToken cancellationToken) => step switch
    {
        PlanStep.WriteStatus write => WriteStatusAsync(facts, write, cancellationToken),
        PlanStep.Reserve reserve => ReserveAsync(reserve, cancellationToken),
        PlanStep.AddFinalizer => SetFinalizersAsync(facts.Grant!, [.. facts.Grant!.FinalizersOrEmpty, BreakGlassApi.RevokeFinalizer], ended: false, cancellationToken),
        PlanStep.DropFinalizer => SetFinalizersAsync(facts.Grant!, [.. facts.Grant!.FinalizersOrEmpty.Where(f => f != BreakGlassApi.RevokeFinalizer)], ended: true, cancellationToken),
        PlanStep.Create create => CreateAsync(facts, create, run, cancellationToken),
        PlanStep.Repair repair => RepairAsync(facts, repair, run, cancellationToken),
        PlanStep.Remove remove => RemoveAsync(facts, remove, run, cancellationToken),
        PlanStep.IssueToken issue => CredentialAsync(facts, issue.Secret, () => credentials.IssueAsync(facts.Grant!, issue, run, cancellationToken), cancellationToken),
        PlanStep.Deliver deliver => CredentialAsync(facts, deliver.Secret, () => credentials.DeliverAsync(facts.Grant!, deliver, run, cancellationToken), cancellationToken),
        PlanStep.HoldCredential hold => credentials.HoldAsync(facts.Grant!, hold, run, cancellationToken),
        PlanStep.CheckAccess check => prover.CheckAccessAsync(check, run, cancellationToken),
        PlanStep.Prove prove => ProveAsync(facts.Grant!, prove, run, cancellationToken),
        PlanStep.Refresh => server.RefreshAsync(facts.Grant!, run, cancellationToken),
        PlanStep.LookAtOthers look => server.LookAtOthersAsync(look, run, cancellationToken),
        PlanStep.Find find => server.FindAsync(find, run, facts.Settings, cancellationToken),
        PlanStep.Announce announce => Announce(facts, announce, run),
        PlanStep.LookForLeftovers => leftovers.FindAsync(facts.Grant!, run, cancellationToken),
        PlanStep.DeleteGrant => client.DeleteAsync<BreakGlassGrant>(facts.Name, null,
            new() { Uid = facts.Grant!.Metadata.Uid, ResourceVersion = facts.Grant.Metadata.ResourceVersion }, cancellationToken),
        _ => throw new InvalidOperationException($"{step.GetType().Name} is no step that can be carried out."),
    };

    private async Task WriteStatusAsync(GrantFacts facts, PlanStep.WriteStatus write, CancellationToken cancellationToken)
    {
        var before = facts.Grant!;
        var status = write.Status;
        if (GrantLifecycle.IsRecorded(status) && !GrantLifecycle.IsRecorded(before.Status) && !facts.Settings.TrustRequester) status = status with { RecordSeal = seals.MakeRecord(before.Metadata.Uid ?? "", status) };
        var after = before with { Status = status };
        await WriteAsync(before, after, Tell, cancellationToken);

        void Tell()
        {
            GrantMeasures.Count(metrics, before, after, facts.Policy, time.GetUtcNow());
            foreach (var note in write.Notes) announcer.Tell(after, facts.Policy, note);
        }
    }

    /// <summary>A status whose answer was lost on the way is looked for, at once and later by the watch: nobody else would tell of it, or count it.</summary>
    private async Task WriteAsync(BreakGlassGrant before, BreakGlassGrant after, Action tell, CancellationToken cancellationToken)
    {
        BreakGlassGrant written;
        try
        {
            written = await client.ReplaceStatusAsync(after, cancellationToken);
        }
        catch (Exception e) when (e is KubeConnectionException or KubeApiException { IsServerError: true } or OperationCanceledException)
        {
            var isRemembered = unsure.Add(before, after.Status, tell);

            // The watch may have shown it already.
            if (caches.Grant(after.Metadata.Name) is { } shown) unsure.Look(shown);
            if (cancellationToken.IsCancellationRequested) throw;
            var there = await client.TryGetAsync<BreakGlassGrant>(after.Metadata.Name, null, cancellationToken);
            if (there is null || there.Metadata.Uid != after.Metadata.Uid || !KubeKinds.Same(there with { Metadata = after.Metadata }, after)) throw;
            caches.Learn(there);
            if (isRemembered) unsure.Look(there);
            else tell();
            return;
        }

        caches.Learn(written);
        tell();
    }

    /// <summary>Two grants, or two operators, that want the last place: one of them writes it down, the other looks again.</summary>
    private async Task ReserveAsync(PlanStep.Reserve reserve, CancellationToken cancellationToken)
    {
        try
        {
            caches.Learn(await client.ReplaceStatusAsync(reserve.Policy with { Status = reserve.Status }, cancellationToken));
        }
        catch (KubeApiException e) when (e.IsConflict || e.IsNotFound)
        {
            await server.LookAsync(reserve.Policy, cancellationToken);
        }
    }

    private async Task SetFinalizersAsync(BreakGlassGrant grant, IReadOnlyList<string> finalizers, bool ended, CancellationToken cancellationToken)
    {
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
        }
    }

    private async Task CreateAsync(GrantFacts facts, PlanStep.Create create, GrantRun run, CancellationToken cancellationToken)
    {
        try
        {
            Know(await client.CreateAsync(create.Object, cancellationToken), run);
            histories.Note(facts.Name, facts.Grant!.Metadata.Uid!, create.Object, (history, now) => history.Made(create.IsRepair, now));
            if (create.IsRepair) Tell(facts, create.Object, "was deleted and is there again");
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            // Ours from a run that died, or somebody else's: the next decision tells them apart.
            if (await client.TryGetAsync(create.Object, cancellationToken) is not { } there) return;
            caches.LearnRead(there);
            run.Add(there);
        }
        catch (KubeApiException e) when (e.IsNotFound && e.Status.Details?.Kind == "roles" && GrantNames.IsReader(facts.Grant!, create.Object) && run.TakeRoleTry())
        {
            // Whoever makes a binding must hold what it gives, and the API server's cache does not know our own Role yet.
            await Task.Delay(RoleRetry, time, cancellationToken);
        }
        catch (KubeApiException e)
        {
            if (await IsWithoutNamespaceAsync(facts, create.Object, e, cancellationToken)) Lose(facts, create.Object, run, e);
            else await RefusedAsync(facts, create.Object, e, cancellationToken);
        }
    }

    /// <summary>Has the next decision see what was written, also where somebody took the label off on the way by which the cache selects.</summary>
    private void Know(IKubernetesObject<V1ObjectMeta> written, GrantRun run)
    {
        caches.Learn(written);
        if (ClusterCaches.Shows(written)) run.Remove(written);
        else run.Add(written);
    }

    private async Task CredentialAsync(GrantFacts facts, IKubernetesObject<V1ObjectMeta> secret, Func<Task> step, CancellationToken cancellationToken)
    {
        try
        {
            await step();
        }
        catch (KubeApiException e) when (!e.IsConflict && !e.IsNotFound)
        {
            await RefusedAsync(facts, secret, e, cancellationToken);
        }
    }

    /// <summary>What an answer means is for the next decision: whether it is final, is tried again or is gone past.</summary>
    private async Task RefusedAsync(GrantFacts facts, IKubernetesObject<V1ObjectMeta> o, KubeApiException e, CancellationToken cancellationToken)
    {
        var answer = ServerAnswer.Of((int)e.Code, e.Status);
        histories.Note(facts.Name, facts.Grant!.Metadata.Uid!, o, (history, now) => history.Refused(answer, now));
        if (answer.Reason is "NamespaceTerminating" or "NamespaceMissing" && o.Metadata.NamespaceProperty is { } ns) await server.LookAsync(new V1Namespace { Metadata = new() { Name = ns } }, cancellationToken);
    }

    private async Task<bool> IsWithoutNamespaceAsync(GrantFacts facts, IKubernetesObject<V1ObjectMeta> o, KubeApiException e, CancellationToken cancellationToken) =>
        o.Metadata.NamespaceProperty == facts.Settings.GrantsNamespace
        && (e.IsNamespaceTerminating || e is { IsNotFound: true, Status.Details.Kind: "namespaces" } || await server.IsGoneWithItsNamespaceAsync(o, e, facts.Settings, cancellationToken));

    /// <summary>Without its namespace the identity is gone, and nothing is kept up that nobody can use.</summary>
    private static void Lose(GrantFacts facts, IKubernetesObject<V1ObjectMeta> o, GrantRun run, KubeApiException e) => run.Note(a => a with
    {
        Refusal = new Problem("NamespaceMissing", $"{o.KindName} {o.Key}", $"the API server refused it: {e.Status.Message}. {BringBack(facts.Settings)}"),
    });

    private static string BringBack(CoreSettings settings) =>
        $"Namespace '{settings.GrantsNamespace}' has to exist for the grants' identities, with the operator's Role and RoleBinding in it; bring them back with "
        + "'kubectl apply -k config/rbac', or with 'helm upgrade' of the chart, then create a new grant; the operator needs no restart";

    private async Task RepairAsync(GrantFacts facts, PlanStep.Repair repair, GrantRun run, CancellationToken cancellationToken)
    {
        try
        {
            // Whoever changed it is to be seen only until it is put right: then nothing of theirs is left in it.
            var isLast = facts.Histories.FirstOrDefault(h => GrantObjects.SamePlace(h.Place, repair.Desired))?.IsLastRepair(time.GetUtcNow()) is true;
            var other = isLast ? await client.LatestOtherAsync(repair.Desired, BreakGlassApi.ManagedBy, cancellationToken) : null;
            Know(await client.PatchAsync(repair.Desired, RepairPatch.For(repair.Desired, repair.Uid), cancellationToken), run);
            histories.Note(facts.Name, facts.Grant!.Metadata.Uid!, repair.Desired, (history, now) => history.Gives(repair.Drift).Repaired(now) with { With = other });
            if (facts.Grant!.Status.Phase is GrantPhase.Active) Tell(facts, repair.Desired, "was changed and is put right");
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            caches.LearnDeleted(repair.Desired.WithUid(repair.Uid));
            run.Remove(repair.Desired);
        }
        catch (KubeApiException e) when (!e.IsConflict)
        {
            histories.Note(facts.Name, facts.Grant!.Metadata.Uid!, repair.Desired, (history, _) => history.Gives(repair.Drift));
            await RefusedAsync(facts, repair.Desired, e, cancellationToken);
        }
    }

    private async Task RemoveAsync(GrantFacts facts, PlanStep.Remove remove, GrantRun run, CancellationToken cancellationToken)
    {
        var o = remove.Object;
        if (remove.Why is Removal.Orphan && await server.IsWantedAfterAllAsync(facts.Name, o, cancellationToken)) return;
        var cut = await cutter.RemoveAsync(o, cancellationToken);
        if (cut.Result is CutResult.Obstructed && !await server.IsGoneWithItsNamespaceAsync(o, cut.Error, facts.Settings, cancellationToken))
        {
            if (!ReferenceEquals(cut.Object, o)) Keep(cut.Object, run);

            // What ends a grant goes on to the other cuts; everything else is tried again.
            if (remove.Why is not Removal.Revocation) ExceptionDispatchInfo.Throw(cut.Error ?? new InvalidOperationException($"{o.KindName} {o.Key} is held by finalizers."));
            var obstruction = Obstruction.Of(cut.Object, (cut.Error as KubeApiException)?.Status.Code, (cut.Error as KubeApiException)?.Status.Message);
            if (!IsTold(facts.Grant, obstruction)) logger.RemovalObstructed(facts.Name, obstruction.ToString(), cut.Error);
            run.Note(a => a with { Obstructions = [.. a.Obstructions, obstruction] });
            return;
        }

        if (cut.Result is CutResult.Replaced)
        {
            // Another object has taken the place; whose it is, is for the next decision.
            if (await client.TryGetAsync(o, cancellationToken) is { } there) run.Add(there);
            caches.LearnDeleted(o);
            return;
        }

        caches.LearnDeleted(o);
        run.Remove(o);
        switch (remove.Why)
        {
            case Removal.Orphan:
                metrics.OrphanRemoved(o.KindName);
                announcer.Tell(facts.Name, o, new(true, "OrphanRemoved", "Remove", $"{o.KindName} {o.Key} said it was made for grant '{facts.Name}', which is not there any more or another one; it was removed."));
                break;
            case Removal.Tampered:
                histories.Note(facts.Name, facts.Grant!.Metadata.Uid!, o, (history, _) => history.Gives(o is SecretMetadata ? Drift.Marks : Drift.Replace));
                Tell(facts, o, "was replaced by something else and is made again");
                break;
        }
    }

    /// <summary>Whether the record says it already: it is tried again every few seconds, perhaps for days.</summary>
    private static bool IsTold(BreakGlassGrant? grant, Obstruction obstruction) =>
        grant is not null && Conditions.Find(grant.Status.Conditions, GrantConditions.Obstructed)?.Message.Contains(obstruction.ToString(), StringComparison.Ordinal) is true;

    /// <summary>Has the next decision see an object as a patch left it, also one that no cache shows.</summary>
    private void Keep(IKubernetesObject<V1ObjectMeta> o, GrantRun run)
    {
        caches.Learn(o);
        if (run.Found.Any(f => GrantObjects.SamePlace(f, o))) run.Add(o);
    }

    private async Task ProveAsync(BreakGlassGrant grant, PlanStep.Prove prove, GrantRun run, CancellationToken cancellationToken)
    {
        try
        {
            await prover.ProveAsync(grant, prove, run, cancellationToken);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException && !cancellationToken.IsCancellationRequested)
        {
            run.ProofError = ExceptionDispatchInfo.Capture(e);
            run.Note(a => a with { ProofFailed = true });
        }
    }

    private Task Announce(GrantFacts facts, PlanStep.Announce announce, GrantRun run)
    {
        announcer.Tell(facts.Grant!, facts.Policy, announce.Note);
        run.Note(a => a with { ExpiryAnnounced = true });
        return Task.CompletedTask;
    }

    private void Tell(GrantFacts facts, IKubernetesObject<V1ObjectMeta> o, string what)
    {
        metrics.DriftRepaired(o.KindName);
        announcer.Tell(facts.Grant!, facts.Policy, new(true, "DriftRepaired", "Repair", $"{o.KindName} {o.Key} {what}. Find out who did it.") { About = $"{o.KindName} {o.Key}" });
    }
}
