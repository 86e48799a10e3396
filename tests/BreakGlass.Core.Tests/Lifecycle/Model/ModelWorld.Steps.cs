using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>The API server that steps are carried out on: it answers each of them with a <see cref="StepResult"/>, and nothing more.</summary>
internal sealed partial class ModelWorld
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
    public List<(DateTimeOffset At, ObjectPlace Place)> Written { get; } = [];

    /// <summary>All writes that the server refused.</summary>
    public List<(DateTimeOffset At, ObjectPlace Place)> Answered { get; } = [];

    /// <summary>Why the operator cannot issue certificates for the gateway; null if it can.</summary>
    public string? GatewayProblem { get; set; }

    /// <summary>When the certificates end that were issued.</summary>
    public List<DateTimeOffset> Certificates { get; } = [];

    /// <summary>What the server fails to delete.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, bool> FailsDelete { get; set; } = _ => false;

    /// <summary>Which binding the server does not let lose its subjects.</summary>
    public Func<IKubernetesObject<V1ObjectMeta>, bool> FailsEmptying { get; set; } = _ => false;

    /// <summary>The authorizer does not know the new bindings yet.</summary>
    public bool AuthorizerLags { get; set; }

    public void Execute(GrantFacts facts, GrantPlan plan, ModelRun run)
    {
        if (Meanwhile is { } meanwhile)
        {
            Meanwhile = null;
            meanwhile();
        }

        run.Knows = run.Knows.Begin(plan);
        var breaksOff = false;
        foreach (var step in Order(plan.Steps))
        {
            var fault = Faults(step);
            if (fault is StepFault.DiesBefore) throw new Died();
            var after = run.Knows.After(facts, step, Answer(facts, step, run, fault), Now);
            run.Knows = after.Run;
            if (after.Event is { } happened) Events.Add(happened);
            if (after.Outdated is BreakGlassPolicy) SeenPolicy = Cluster.Policy;
            else if (after.Outdated is BreakGlassAuthority) SeenAuthority = Cluster.Authority;
            else if (after.Outdated is not null) Sync();
            breaksOff |= after.BreaksOff;
            Done(facts, step);
            if (fault is StepFault.DiesAfter) throw new Died();
        }

        if (breaksOff) throw new BrokenOff();
        Now += run.Knows.Wait;
    }

    private StepResult Answer(GrantFacts facts, PlanStep step, ModelRun run, StepFault fault)
    {
        try
        {
            return step switch
            {
                PlanStep.Announce => Do(facts, step, run),
                PlanStep.Remove remove => Remove(remove, fault),
                PlanStep.Find find when fault is StepFault.Refused or StepFault.AnswerLost => new StepResult.Found([], find.Places),
                _ when fault is StepFault.Refused => throw new Refused(500, "injected"),
                _ => Do(facts, step, run) is var result && fault is StepFault.AnswerLost ? new StepResult.NoAnswer("injected") : result,
            };
        }
        catch (Refused e)
        {
            if (((step as PlanStep.Create)?.Object ?? (step as PlanStep.Repair)?.Desired) is { } refused) Answered.Add((Now, ObjectPlace.Of(refused)));
            return StepResult.Of(e.Status, e.Answer);
        }
    }

    private StepResult Do(GrantFacts facts, PlanStep step, ModelRun run)
    {
        var grant = facts.Grant!;
        switch (step)
        {
            case PlanStep.WriteStatus write:
                Cluster.WriteStatus(grant, write.Status);
                Events.AddRange(write.Events);
                break;
            case PlanStep.Reserve reserve:
                Cluster.WritePolicyStatus(reserve.Policy, reserve.Status);
                SeenPolicy = Cluster.Policy;
                break;
            case PlanStep.Redeem redeem:
                Cluster.WriteAuthorityStatus(redeem.Authority, redeem.Status);
                SeenAuthority = Cluster.Authority;
                break;
            case PlanStep.AddFinalizer:
                Cluster.SetFinalizers(grant, [.. grant.FinalizersOrEmpty, BreakGlassApi.RevokeFinalizer]);
                break;
            case PlanStep.DropFinalizer:
                Cluster.SetFinalizers(grant, [.. grant.FinalizersOrEmpty.Where(f => f != BreakGlassApi.RevokeFinalizer)], ended: true);
                break;
            case PlanStep.Create create:
                return Create(create.Object);
            case PlanStep.Repair repair:
                return Repair(repair);
            case PlanStep.IssueToken issue:
                return Issue(grant, issue, run);
            case PlanStep.IssueCertificate issue:
                return Issue(issue, run);
            case PlanStep.Deliver deliver:
                Deliver(grant, deliver, run);
                break;
            case PlanStep.HoldCredential hold:
                Hold(hold);
                break;
            case PlanStep.WriteJournal when JournalIsAway:
                return new StepResult.NoAnswer("the storage is gone");
            case PlanStep.WriteJournal:
                AppendToJournal();
                if (Journal().IndexOf(grant.Status, grant.Status.Transitions.Count - 1) is null) return new StepResult.NoAnswer("the status was rewritten");
                break;
            case PlanStep.CheckAccess check:
                return new StepResult.Checked(AuthorizerLags || Authorizer.Allows(Cluster, check.Question) is null);
            case PlanStep.Prove prove:
                return new StepResult.Proven(Prove(grant, prove));
            case PlanStep.Refresh:
                Sync();
                break;
            case PlanStep.ReadSiblings:
                break;
            case PlanStep.Find find:
                return new StepResult.Found([.. find.Places.Select(p => Cluster.Get(ObjectPlace.Of(p))).OfType<IKubernetesObject<V1ObjectMeta>>()], []);
            case PlanStep.Announce announce:
                Events.Add(announce.Event);
                break;
            case PlanStep.DeleteGrant:
                if (Cluster.Grant?.Metadata.ResourceVersion != grant.Metadata.ResourceVersion) throw new Refused(409, "the grant was written since");
                DeleteGrant();
                break;
            default:
                throw new InvalidOperationException($"{step.GetType().Name} is not a step that can be carried out.");
        }

        return new StepResult.Done();
    }

    private StepResult Create(IKubernetesObject<V1ObjectMeta> o)
    {
        if (RefusesCreate(o) is { } status) throw new Refused(status, "injected");
        if (AnswersCreate(o) is { } answer) throw new Refused(answer.Code, answer.Message ?? "", answer);
        if (Cluster.Get(ObjectPlace.Of(o)) is { } there) return new StepResult.Occupied(there);
        var created = Cluster.Create(Webhook(o), byOperator: true);
        Written.Add((Now, ObjectPlace.Of(o)));
        return new StepResult.Written(created);
    }

    private StepResult Repair(PlanStep.Repair repair)
    {
        var want = repair.Desired;
        var there = Cluster.Get(ObjectPlace.Of(want)) ?? throw new Refused(404, $"{ObjectPlace.Of(want)} not found");
        if (there.Metadata.Uid != repair.Uid) throw new Refused(409, "another UID");
        if (AnswersRepair(want) is { } answer) throw new Refused(answer.Code, answer.Message ?? "", answer);
        var merged = there.Metadata with
        {
            Labels = Merge(there.LabelsOrEmpty, want.LabelsOrEmpty), Annotations = Merge(
                there.AnnotationsOrEmpty, want.AnnotationsOrEmpty), OwnerReferences = want.Metadata.OwnerReferences,
        };
        var repaired = Cluster.Update(Webhook(ModelCluster.With(want is V1Secret ? there : want, _ => merged)));
        Written.Add((Now, ObjectPlace.Of(want)));
        return new StepResult.Written(repaired);
    }

    /// <summary>By every way there is: what is not deleted loses its subjects. That shows as well whether a deletion without an answer was done.</summary>
    private StepResult Remove(PlanStep.Remove remove, StepFault fault)
    {
        var o = remove.Object;
        var isOwned = Cluster.Grant is { } owner && (GrantNames.Owns(owner, o) || Ownership.IsOf(owner, o));
        if (remove.Why is Removal.Orphan && isOwned) return new StepResult.Kept();
        var isThere = Cluster.Get(ObjectPlace.Of(o)) is { } there && there.Metadata.Uid == o.Metadata.Uid;
        if (fault is StepFault.Refused || (isThere && FailsDelete(o))) return Empty(o, StepResult.Of(500, new() { Code = 500, Message = "injected" }));
        if (isThere) Cluster.Delete(ObjectPlace.Of(o), o.Metadata.Uid);
        if (fault is StepFault.AnswerLost) return Empty(o, new StepResult.NoAnswer("injected"));
        return Cluster.Get(ObjectPlace.Of(o)) is { } other ? new StepResult.Occupied(other) : new StepResult.Done();
    }

    private StepResult Empty(IKubernetesObject<V1ObjectMeta> o, StepResult why)
    {
        if (!ModelCluster.IsBinding(o)) return new StepResult.Obstructed(o, why);
        if (Cluster.Get(ObjectPlace.Of(o)) is not { } there || there.Metadata.Uid != o.Metadata.Uid) return new StepResult.Done();
        return new StepResult.Obstructed(FailsEmptying(there) ? o : Cluster.Update(WithSubjects(there)), why);
    }

    private StepResult Issue(BreakGlassGrant grant, PlanStep.IssueToken issue, ModelRun run)
    {
        if (issue.Lifetime < TimeSpan.FromMinutes(10)) throw new Refused(422, "may not specify a duration less than 10 minutes");
        var token = run.Token = Cluster.Issue(issue.ServiceAccount, issue.Secret, Now + issue.Lifetime + TokenExtra);
        var jwe = grant.Spec.RecipientKey is null ? null : $"jwe of token {token.Number}";
        return new StepResult.Issued(new(token.AccountUid, token.SecretUid, token.ExpiresAt, jwe));
    }

    private StepResult Issue(PlanStep.IssueCertificate issue, ModelRun run)
    {
        if (GatewayProblem is { } problem) return new StepResult.NotReady(problem);
        run.Certificate = int.Parse(Cluster.NewId(""), CultureInfo.InvariantCulture);
        Certificates.Add(issue.Until);
        var access = new GatewayAccess { Server = "https://gateway.example", CaBundle = "authority", Certificate = $"certificate {run.Certificate}" };
        return new StepResult.Issued(new(issue.ServiceAccount.Metadata.Uid!, issue.Secret.Metadata.Uid!, issue.Until, Jwe: null, access));
    }

    private void Deliver(BreakGlassGrant grant, PlanStep.Deliver deliver, ModelRun run)
    {
        var marks = Merge(deliver.Secret.AnnotationsOrEmpty, GrantObjects.DeliveredMarks(run.Knows.Findings.Token!));
        if (grant.Spec.RecipientKey is null
            && Cluster.Get(ObjectPlace.Of(deliver.Secret))?.Metadata.ResourceVersion != deliver.Secret.Metadata.ResourceVersion)
            throw new Refused(409, "the Secret was written since");
        try
        {
            Cluster.Deliver(
                deliver.Secret, grant.Spec.RecipientKey is not null ? -1 : grant.Status.Path is SessionPath.Gateway ? -2 - run.Certificate : run.Token!.Number,
                marks);
        }
        catch (Refused e) when (e.Status == 422)
        {
            Cluster.Delete(ObjectPlace.Of(deliver.Secret), deliver.Secret.Metadata.Uid);
        }
    }

    private void Hold(PlanStep.HoldCredential hold)
    {
        if (Cluster.Get(ObjectPlace.Of(hold.Secret)) is not SecretMetadata secret || secret.Metadata.Uid != hold.Secret.Metadata.Uid) return;
        if (Cluster.Delivered.TryGetValue(secret.Metadata.Uid!, out var number) && number >= 0) _vault[Grant.Metadata.Uid!] = Cluster.Tokens[number];
        else if (Cluster.Get(new("ServiceAccount", secret.Metadata.NamespaceProperty!, secret.Metadata.Name)) is { } account)
            _vault[Grant.Metadata.Uid!] = Cluster.Issue(account, secret, Now + TimeSpan.FromMinutes(10));
    }

    private Proof Prove(BreakGlassGrant grant, PlanStep.Prove prove)
    {
        var allowed = prove.Questions.Select(q => Authorizer.Allows(Cluster, q)).OfType<string>().ToList();
        var ours = allowed.Where(reason => prove.BindingNames.Any(n => reason.Contains($"\"{n}", StringComparison.Ordinal))).ToList();
        bool? dead = grant.Status.Credential is CredentialKind.BindRequester ? null
            : _vault.TryGetValue(grant.Metadata.Uid!, out var token) ? !(Cluster.Authenticates(token, Now) || Now < grant.Status.EndedAt + TokenMemory)
            : Now - grant.Status.EndedAt >= TimeSpan.FromSeconds(11) ? null : false;
        return new(ours.Count == 0, dead, [.. allowed.Except(ours).Distinct()]);
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> there, IReadOnlyDictionary<string, string> more)
    {
        var merged = new Dictionary<string, string>(there);
        foreach (var (key, value) in more) merged[key] = value;
        return merged;
    }
}
