namespace BreakGlass.Operator.Execution;

/// <summary>
/// Tokens of grants that ended and are not proven dead yet, in memory only. With the process they are gone; then the proof rests on the objects
/// that the tokens were bound to.
/// </summary>
internal sealed class CredentialVault
{
    private readonly ConcurrentDictionary<string, string> _tokens = new();

    public void Keep(string grantUid, string token) => _tokens[grantUid] = token;

    public string? Get(string grantUid) => _tokens.GetValueOrDefault(grantUid);

    public void Forget(string grantUid) => _tokens.TryRemove(grantUid, out _);
}
