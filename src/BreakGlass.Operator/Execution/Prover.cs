namespace BreakGlass.Operator.Execution;

/// <summary>Asks the API server's own authorizer and authenticator: whether access works, and after the end whether it is really over.</summary>
internal sealed class Prover(KubeClient client, ApiServers servers, CredentialVault vault, TimeProvider time)
{
    /// <summary>The API server remembers for 10 s that a token was good; past that, a token without its objects is surely dead.</summary>
    private static readonly TimeSpan TokenMemory = TimeSpan.FromSeconds(11);

    private const int AtOnce = 8;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>Whether the access is denied. The API server's own RBAC cache follows within milliseconds.</summary>
    public async Task<bool> IsDeniedAsync(PlanStep.CheckAccess check, CancellationToken cancellationToken)
    {
        for (var wait = FirstWait; ; wait *= 2)
        {
            var answer = await client.CreateAsync(new V1SubjectAccessReview { Spec = check.Question }, cancellationToken);
            if (answer.Status?.Allowed is true) return false;
            if (!check.Waits || wait > LongestWait) return true;
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    /// <summary>Asks every API server that can be reached by itself; one that still says yes is enough to say that access is not over.</summary>
    public async Task<Proof> ProveAsync(BreakGlassGrant grant, PlanStep.Prove prove, CancellationToken cancellationToken)
    {
        var all = await servers.AllAsync(cancellationToken);
        var answers = (await Task.WhenAll(all.Where(s => !servers.IsSilent(s)).Select(s => TryAskAsync(s, grant, prove, cancellationToken))))
            .OfType<Proof>().ToList();
        var proof = answers.Count == 0
            ? await AskAsync(client, grant, prove, cancellationToken) : Together(answers) with { Answered = answers.Count, Servers = all.Count };
        if (proof is { AccessGone: true, TokenDead: not false }) vault.Forget(grant.Metadata.Uid!);
        return proof;
    }

    private static Proof Together(List<Proof> answers) => new(
        answers.TrueForAll(a => a.AccessGone),
        answers.Exists(a => a.TokenDead is false) ? false : answers.TrueForAll(a => a.TokenDead is true) ? true : null,
        [.. answers.SelectMany(a => a.Elsewhere).Distinct()]);

    private async Task<Proof?> TryAskAsync(KubeClient server, BreakGlassGrant grant, PlanStep.Prove prove, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(server, grant, prove, cancellationToken);
        }
        catch (Exception e) when (e is KubeConnectionException or KubeConfigException)
        {
            servers.NoteSilence(server);
            return null;
        }
        catch (KubeApiException)
        {
            return null;
        }
    }

    private async Task<Proof> AskAsync(KubeClient server, BreakGlassGrant grant, PlanStep.Prove prove, CancellationToken cancellationToken)
    {
        var access = AccessAsync(server, prove, cancellationToken);
        var token = TokenDeadAsync(server, grant, cancellationToken);
        await Task.WhenAll(access, token);
        var (gone, elsewhere) = await access;
        return new Proof(gone, await token, elsewhere);
    }

    private static async Task<(bool Gone, IReadOnlyList<string> Elsewhere)> AccessAsync(
        KubeClient server, PlanStep.Prove prove, CancellationToken cancellationToken)
    {
        var gone = true;
        var elsewhere = new List<string>();
        foreach (var some in prove.Questions.Chunk(AtOnce))
        {
            var answers = await Task.WhenAll(some.Select(q => server.CreateAsync(new V1SubjectAccessReview { Spec = q }, cancellationToken)));
            foreach (var answer in answers)
            {
                if (answer.Status?.Allowed is not true) continue;

                // The RBAC authorizer names the binding that allows.
                var reason = answer.Status.Reason ?? "";
                if (prove.BindingNames.Any(n => reason.Contains($"\"{n}", StringComparison.Ordinal))) gone = false;
                else elsewhere.Add(reason.Length == 0 ? "allowed by another authorizer" : reason);
            }
        }

        return (gone, [.. elsewhere.Distinct()]);
    }

    private async Task<bool?> TokenDeadAsync(KubeClient server, BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        if (grant.Status.Credential is CredentialKind.BindRequester) return null;
        if (vault.Get(grant.Metadata.Uid!) is not { } token)
        {
            return time.GetUtcNow() - grant.Status.EndedAt >= TokenMemory ? null : false;
        }

        var answer = await server.CreateAsync(TokenReview.Of(token), cancellationToken);
        return answer.Status?.Authenticated is not true;
    }
}
