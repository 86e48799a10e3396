using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Sessions;

/// <summary>Whose events are read, as of the grants that there are.</summary>
internal sealed record SessionNames(int Version, AuditDoor Door, ILookup<string, BreakGlassGrant> ByName, MintedTokens Tokens)
{
    public static SessionNames Of(int version, IReadOnlyList<BreakGlassGrant> grants, MintedTokens tokens, CoreSettings settings)
    {
        var byName = grants.Where(g => Attribution.NameOf(g) is not null).ToLookup(g => Attribution.NameOf(g)!);
        return new(version, new(settings, byName.Select(g => g.Key), tokens), byName, tokens);
    }
}
