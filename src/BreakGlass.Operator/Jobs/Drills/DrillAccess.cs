using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>Uses the access of a run with the grant's own credential: until it works, and until it is refused.</summary>
/// <param name="tools">What runs share.</param>
/// <param name="run">The run.</param>
/// <param name="grant">The grant of the run.</param>
/// <param name="requester">The user that is bound if the grant has no credential.</param>
/// <param name="polling">Waits.</param>
internal sealed class DrillAccess(DrillTools tools, DrillRun run, RunGrant grant, DrillIdentity requester, Polling polling) : IDisposable
{
    private static readonly TimeSpan ToActivate = TimeSpan.FromMinutes(3);

    private KubeClient? _user;

    // What is allowed is asked again until it is refused, also if the role has changed meanwhile.
    private IReadOnlyList<V1ResourceAttributes> _questions = [];

    /// <summary>Waits until the grant is active, and takes its credential.</summary>
    /// <param name="credential">The key to which the credential is delivered.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<DrillAnswer> OpenAsync(DrillCredential credential, CancellationToken cancellationToken) => grant.WaitAsync(
        g =>
        {
            if (grant.Over is { } over) return over;
            if (!grant.Has(GrantConditions.Active)) return null;
            if (!grant.BindsRequester) _user ??= credential.Open(g, tools.Client, tools.Time);
            return grant.BindsRequester || _user is not null
                ? DrillAnswer.Passed("The grant is active.") with { ExpiresAt = g.Status.ExpiresAt } : null;
        }, ToActivate,
        () => DrillAnswer.Failed(
            DrillReasons.NotActive,
            grant.Message(GrantConditions.Active) ?? "The grant did not become active in time, or its credential was not delivered."), cancellationToken);

    /// <summary>Uses the access until all of it works.</summary>
    public async Task<DrillAnswer> UseAsync(CancellationToken cancellationToken)
    {
        var questions = grant.Last is { } opened ? DrillQuestions.Of(opened, tools.Caches.View.Now()) : [];
        if (questions.Count == 0) return DrillAnswer.Failed(DrillReasons.AccessDenied, "The roles of the grant allow no request on a resource.");
        _questions = questions;
        var last = "";
        return await polling.UntilAsync(async () =>
        {
            var denied = await AskAsync(questions, cancellationToken);
            last = denied is [var first, ..] ? $"{denied.Count} of {questions.Count} request(s) were refused, for example to {first}." : "";
            return denied.Count == 0 ? DrillAnswer.Passed($"{questions.Count} request(s) were allowed{Path()}.") : null;
        }, Polling.Usual, () => DrillAnswer.Failed(DrillReasons.AccessDenied, last), cancellationToken);
    }

    /// <summary>Keeps the access open for the time that the request for the run says, but no longer than the grant lasts.</summary>
    public async Task<DrillAnswer> HoldAsync(CancellationToken cancellationToken)
    {
        var hold = GoDuration.TryParse(run.Hold, out var requested) ? requested : TimeSpan.Zero;
        if (grant.Last?.Status.ExpiresAt - tools.Time.GetUtcNow() is { } left && left < hold) hold = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        await Task.Delay(hold, tools.Time, cancellationToken);
        return DrillAnswer.Passed($"The run waited for {GoDuration.Format(hold)}.");
    }

    /// <summary>Uses the access until all of it is refused.</summary>
    public async Task<DrillAnswer> DenialAsync(CancellationToken cancellationToken)
    {
        var questions = _questions;
        var last = "";
        return await polling.UntilAsync(async () =>
        {
            var denied = await AskAsync(questions, cancellationToken);
            last = $"{questions.Count - denied.Count} of {questions.Count} request(s) were still allowed.";
            return denied.Count == questions.Count ? DrillAnswer.Passed($"{questions.Count} request(s) were refused{Path()}.") : null;
        }, Polling.Usual, () => DrillAnswer.Failed(DrillReasons.StillAllowed, last), cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _user?.Dispose();

    private string Path() => grant.Last?.Status.Path is SessionPath.Gateway ? " through the gateway" : "";

    /// <summary>Asks each question as the grant's identity; gives those that were refused. A credential that the server does not take is a refusal.</summary>
    private async Task<IReadOnlyList<string>> AskAsync(IReadOnlyList<V1ResourceAttributes> questions, CancellationToken cancellationToken)
    {
        var client = _user ?? await requester.ClientAsync(cancellationToken);
        var denied = new List<string>();
        foreach (var question in questions)
        {
            var what = $"{question.Verb} {question.Resource}{(question.NamespaceProperty is { } ns ? $" in {ns}" : "")}";
            try
            {
                var review = new V1SelfSubjectAccessReview { Spec = new() { ResourceAttributes = question } };
                if ((await client.CreateAsync(review, cancellationToken)).Status?.Allowed is not true) denied.Add(what);
            }
            catch (KubeApiException e) when (e.IsUnauthorized || e.IsForbidden)
            {
                denied.Add(what);
            }
        }

        return denied;
    }
}
