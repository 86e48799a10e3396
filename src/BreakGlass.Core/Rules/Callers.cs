using BreakGlass.Core.Api;

namespace BreakGlass.Core.Rules;

/// <summary>Questions about authenticated callers.</summary>
public static class Callers
{
    /// <summary>
    /// Whether two callers are one person: the same user name, or the same UID under two names. Where in doubt they are, since this decides who may
    /// not judge their own request.
    /// </summary>
    public static bool Same(Caller? a, Caller? b)
    {
        if (a is null || b is null) return false;
        if (a.Username.Length > 0 && a.Username == b.Username) return true;
        return !string.IsNullOrEmpty(a.Uid) && a.Uid == b.Uid;
    }

    /// <summary>Whether anybody is named at all.</summary>
    public static bool IsNamed(Caller? caller) => caller is { Username.Length: > 0 };

    /// <summary>The required claim that a caller lacks, or null where all hold. A claim holds where one of its values is there, letter by letter.</summary>
    public static RequiredClaim? MissingClaim(Caller caller, IReadOnlyList<RequiredClaim> claims) =>
        claims.FirstOrDefault(c => caller.Extra?.TryGetValue(c.Key, out var values) is not true || !values.Any(c.Values.Contains));
}
