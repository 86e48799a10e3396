using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>How steps are carried out. It keeps to what PlanExecutor, CredentialIssuer and Prover of the operator do.</summary>
internal sealed partial class World
{
    /// <summary>For how long the API server takes a token for good whose objects are gone.</summary>
    public TimeSpan TokenMemory { get; set; } = TimeSpan.Zero;

    /// <summary>How much longer than asked for the API server's tokens live.</summary>
    public TimeSpan TokenExtra { get; set; } = TimeSpan.Zero;

    /// <summary>The status with which the server refuses to create an object, e.g. 403 for a role that the operator may not bind.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, int?> RefusesCreate { get; set; } = _ => null;

    /// <summary>What the server answers instead of creating an object.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, Status?> AnswersCreate { get; set; } = _ => null;

    /// <summary>What the server answers instead of changing an object.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, Status?> AnswersRepair { get; set; } = _ => null;

    /// <summary>A mutating webhook of somebody else: what it makes of an object that the operator writes.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, IKubernetesObject<V1ObjectMeta>> Webhook { get; set; } = o => o;

    /// <summary>All writes of the operator to its objects.</summary>
    public List<(DateTimeOffset At, Place Place)> Written { get; } = [];

    /// <summary>All writes that the server refused.</summary>
    public List<(DateTimeOffset At, Place Place)> Answered { get; } = [];

    /// <summary>What the server fails to delete.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, bool> FailsDelete { get; set; } = _ => false;

    /// <summary>Which binding the server does not let lose its subjects.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, bool> FailsEmptying { get; set; } = _ => false;

    /// <summary>The authorizer does not know the new bindings yet.</summary>
    public bool AuthorizerLags { get; set; }

    public void Execute(GrantFacts facts, GrantPlan plan, Run run)
    {
        if (Meanwhile is { } meanwhile)
        {
            Meanwhile = null;
            meanwhile();
        }

        Refused? error = null;
        foreach (var step in Order(plan.Steps))
        {
            var fault = Faults(step);
            if (fault is Fault.DiesBefore) throw new Died();
            try
            {
                if (fault is Fault.Refused) throw new Refused(500, "injected");
                Do(facts, step, run);
                if (fault is Fault.AnswerLost) throw new Refused(504, "injected");
            }
            catch (Refused e) when (step is PlanStep.Remove { Why: Removal.Revocation })
            {
                Obstruct(((PlanStep.Remove)step).Object, e, run);
            }
            catch (Refused e)
            {
                error ??= e;
            }

            Done(facts, step);
            if (fault is Fault.DiesAfter) throw new Died();
        }

        if (error is not null) throw error;
        if (plan.Cuts) run.Note(a => a with { Cut = true });
    }

    private void Do(GrantFacts facts, PlanStep step, Run run)
    {
        switch (step)
        {
            case PlanStep.WriteStatus write:
                Cluster.WriteStatus(facts.Grant!, write.Status);
                Notes.AddRange(write.Notes);
                break;
            case PlanStep.AddFinalizer:
                Cluster.SetFinalizers(facts.Grant!, [.. facts.Grant!.FinalizersOrEmpty, BreakGlassApi.RevokeFinalizer]);
                break;
            case PlanStep.DropFinalizer:
                Cluster.SetFinalizers(facts.Grant!, [.. facts.Grant!.FinalizersOrEmpty.Where(f => f != BreakGlassApi.RevokeFinalizer)], ended: true);
                break;
            case PlanStep.Create create:
                Create(facts, create, run);
                break;
            case PlanStep.Repair repair:
                Repair(facts, repair, run);
                break;
            case PlanStep.Remove remove:
                Remove(facts, remove, run);
                break;
            case PlanStep.IssueToken issue:
                if (issue.Lifetime < TimeSpan.FromMinutes(10)) throw new Refused(422, "may not specify a duration less than 10 minutes");
                run.Token = Cluster.Issue(issue.ServiceAccount, issue.Secret, Now + issue.Lifetime + TokenExtra);
                run.Note(a => a with { Token = new(run.Token.AccountUid, run.Token.SecretUid, run.Token.ExpiresAt, facts.Grant!.Spec.RecipientKey is null ? null : $"jwe of token {run.Token.Number}") });
                break;
            case PlanStep.Deliver deliver:
                Deliver(facts.Grant!, deliver, run);
                break;
            case PlanStep.HoldCredential hold:
                Hold(hold, run);
                break;
            case PlanStep.CheckAccess check:
                run.Note(a => a with { AccessDenied = AuthorizerLags || Authorizer.Allows(Cluster, check.Question) is null });
                break;
            case PlanStep.Prove prove:
                Prove(facts.Grant!, prove, run);
                break;
            case PlanStep.Reserve reserve:
                try
                {
                    Cluster.WritePolicyStatus(reserve.Policy, reserve.Status);
                }
                catch (Refused e) when (e.Status is 404 or 409)
                {
                    // The next decision is made on the policy as it is.
                }

                SeenPolicy = Cluster.Policy;
                break;
            case PlanStep.Refresh:
                Sync();
                run.Note(a => a with { Refreshed = true });
                break;
            case PlanStep.LookAtOthers look:
                run.Note(a => a with { OthersAsOf = look.PolicyVersion });
                break;
            case PlanStep.Find find:
                foreach (var found in find.Places.Select(p => Cluster.Get(Place.Of(p))).OfType<IKubernetesObject<V1ObjectMeta>>()) run.Add(found);
                run.Note(a => a with { Searched = true });
                break;
            case PlanStep.Announce announce:
                Notes.Add(announce.Note);
                _announced.Add(facts.Grant!.Metadata.Uid!);
                break;
            case PlanStep.DeleteGrant:
                if (Cluster.Grant?.Metadata.ResourceVersion != facts.Grant!.Metadata.ResourceVersion) throw new Refused(409, "the grant was written since");
                DeleteGrant();
                break;
            default:
                throw new InvalidOperationException($"{step.GetType().Name} is no step that can be carried out.");
        }
    }

    private void Create(GrantFacts facts, PlanStep.Create create, Run run)
    {
        try
        {
            if (RefusesCreate(create.Object) is { } status) throw new Refused(status, "injected");
            if (AnswersCreate(create.Object) is { } answer) throw new Refused(answer.Code, answer.Message ?? "", answer);
            if (Cluster.Create(Webhook(create.Object), byOperator: true) is var created && !IsCached(created)) run.Add(created);
            Written.Add((Now, Place.Of(create.Object)));
            Note(facts, create.Object, (history, now) => history.Made(create.IsRepair, now));
            if (create.IsRepair) Repaired(create.Object, "was deleted");
        }
        catch (Refused e) when (e.Status == 409)
        {
            if (Cluster.Get(Place.Of(create.Object)) is { } there) run.Add(there);
        }
        catch (Refused e) when (e.Answer is not null || e.Status < 500)
        {
            if (e.Status == 404 && create.Object.Metadata.NamespaceProperty == Settings.GrantsNamespace) run.Note(a => a with { Refusal = new Problem("NamespaceMissing", $"{create.Object.KindName} {create.Object.Key}", e.Message) });
            else Refuse(facts, create.Object, e);
        }
    }

    private void Refuse(GrantFacts facts, IKubernetesObject<V1ObjectMeta> o, Refused e)
    {
        Answered.Add((Now, Place.Of(o)));
        var answer = ServerAnswer.Of(e.Status, e.Answer ?? new Status
        {
            Code = e.Status, Message = e.Message,
            Details = e.Status == 404 ? new() { Kind = "namespaces" } : e.Message.Contains("terminated", StringComparison.Ordinal) ? new() { Causes = [new() { Reason = "NamespaceTerminating" }] } : null,
        });
        Note(facts, o, (history, now) => history.Refused(answer, now));
        if (answer.Reason is "NamespaceTerminating" or "NamespaceMissing") Sync();
    }

    private void Note(GrantFacts facts, IKubernetesObject<V1ObjectMeta> o, Func<PlaceHistory, DateTimeOffset, PlaceHistory> change)
    {
        var key = (facts.Grant!.Metadata.Uid!, Place.Of(o));
        _histories[key] = change(_histories.GetValueOrDefault(key) ?? new(o), Now);
    }

    private void Repair(GrantFacts facts, PlanStep.Repair repair, Run run)
    {
        var want = repair.Desired;
        if (Cluster.Get(Place.Of(want)) is not { } there)
        {
            run.Remove(want);
            return;
        }

        if (there.Metadata.Uid != repair.Uid) throw new Refused(409, "another UID");
        if (AnswersRepair(want) is { } answer)
        {
            Note(facts, want, (history, _) => history.Gives(repair.Drift));
            Refuse(facts, want, new Refused(answer.Code, answer.Message ?? "", answer));
            return;
        }

        var merged = there.Metadata with
        {
            Labels = Merge(there.LabelsOrEmpty, want.LabelsOrEmpty), Annotations = Merge(there.AnnotationsOrEmpty, want.AnnotationsOrEmpty), OwnerReferences = want.Metadata.OwnerReferences,
        };
        var mended = Cluster.Update(Webhook(Cluster.With(want is V1Secret ? there : want, _ => merged)));
        Written.Add((Now, Place.Of(want)));
        Note(facts, want, (history, now) => history.Gives(repair.Drift).Repaired(now));
        if (IsCached(mended)) run.Remove(mended);
        else run.Add(mended);
        if (facts.Grant!.Status.Phase is GrantPhase.Active) Repaired(want, "was changed");
    }

    private void Remove(GrantFacts facts, PlanStep.Remove remove, Run run)
    {
        var o = remove.Object;
        if (remove.Why is Removal.Orphan && Cluster.Grant is { } owner && (GrantNames.Owns(owner, o) || Ownership.IsOf(owner, o))) return;
        if (FailsDelete(o)) throw new Refused(500, "injected");
        try
        {
            Cluster.Delete(Place.Of(o), o.Metadata.Uid);
        }
        catch (Refused e) when (e.Status == 404)
        {
            // Somebody was faster.
        }
        catch (Refused e) when (e.Status == 409)
        {
            if (Cluster.Get(Place.Of(o)) is { } there) run.Add(there);
            return;
        }

        run.Remove(o);
        if (remove.Why is Removal.Orphan) Notes.Add(new(true, "OrphanRemoved", "Remove", $"{o.KindName} {o.Key}"));
        if (remove.Why is Removal.Tampered) Note(facts, o, (history, _) => history.Gives(o is SecretMetadata ? Drift.Marks : Drift.Replace));
        if (remove.Why is Removal.Tampered) Repaired(o, "was replaced");
    }

    /// <summary>What is not deleted loses its subjects; what came of the deletion after all is gone.</summary>
    private void Obstruct(IKubernetesObject<V1ObjectMeta> o, Refused e, Run run)
    {
        if (Cluster.Get(Place.Of(o)) is not { } there || there.Metadata.Uid != o.Metadata.Uid)
        {
            run.Remove(o);
            return;
        }

        if (Cluster.IsBinding(there) && !FailsEmptying(there))
        {
            there = Cluster.Update(WithSubjects(there));
            if (run.Found.Any(f => GrantObjects.SamePlace(f, there))) run.Add(there);
        }

        run.Note(a => a with { Obstructions = [.. a.Obstructions, Obstruction.Of(there, e.Status, e.Message)] });
    }

    private void Deliver(BreakGlassGrant grant, PlanStep.Deliver deliver, Run run)
    {
        var marks = Merge(deliver.Secret.AnnotationsOrEmpty, new Dictionary<string, string>
        {
            [GrantObjects.DeliveredAnnotation] = deliver.ServiceAccountUid, [GrantObjects.TokenExpiresAtAnnotation] = Timestamp.Text(run.Attempt.Token!.ExpiresAt),
        });
        if (grant.Spec.RecipientKey is null && Cluster.Get(Place.Of(deliver.Secret))?.Metadata.ResourceVersion != deliver.Secret.Metadata.ResourceVersion) throw new Refused(409, "the Secret was written since");
        try
        {
            Cluster.Deliver(deliver.Secret, grant.Spec.RecipientKey is null ? run.Token!.Number : -1, marks);
        }
        catch (Refused e) when (e.Status == 422)
        {
            Cluster.Delete(Place.Of(deliver.Secret), deliver.Secret.Metadata.Uid);
            run.Remove(deliver.Secret);
        }
    }

    private void Hold(PlanStep.HoldCredential hold, Run run)
    {
        run.Note(a => a with { CredentialHeld = true });
        if (Cluster.Get(Place.Of(hold.Secret)) is not SecretMetadata secret || secret.Metadata.Uid != hold.Secret.Metadata.Uid) return;
        if (Cluster.Delivered.TryGetValue(secret.Metadata.Uid!, out var number) && number >= 0) _vault[Grant.Metadata.Uid!] = Cluster.Tokens[number];
        else if (Cluster.Get(new("ServiceAccount", secret.Metadata.NamespaceProperty!, secret.Metadata.Name)) is { } account) _vault[Grant.Metadata.Uid!] = Cluster.Issue(account, secret, Now + TimeSpan.FromMinutes(10));
    }

    private void Prove(BreakGlassGrant grant, PlanStep.Prove prove, Run run)
    {
        var allowed = prove.Questions.Select(q => Authorizer.Allows(Cluster, q)).OfType<string>().ToList();
        var ours = allowed.Where(reason => prove.BindingNames.Any(n => reason.Contains($"\"{n}", StringComparison.Ordinal))).ToList();
        bool? dead = grant.Status.Credential is CredentialKind.BindRequester ? null
            : _vault.TryGetValue(grant.Metadata.Uid!, out var token) ? !(Cluster.Authenticates(token, Now) || Now < grant.Status.EndedAt + TokenMemory)
            : Now - grant.Status.EndedAt >= TimeSpan.FromSeconds(11) ? null : false;
        run.Note(a => a with { Proof = new(ours.Count == 0, dead, [.. allowed.Except(ours).Distinct()]) });
    }

    private void Repaired(IKubernetesObject<V1ObjectMeta> o, string what) => Notes.Add(new(true, "DriftRepaired", "Repair", $"{o.KindName} {o.Key} {what}"));

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> there, IReadOnlyDictionary<string, string> more)
    {
        var merged = new Dictionary<string, string>(there);
        foreach (var (key, value) in more) merged[key] = value;
        return merged;
    }
}
