using System.Security.Cryptography;

namespace BreakGlass.Core.Sealing;

/// <summary>
/// What of an authenticated caller is stamped: as much as decisions read, and no more. A caller can be in a thousand groups, and what an authenticator says
/// beside can be a credential, which every reader of grants would see for as long as the record is kept.
/// </summary>
/// <param name="Groups">The groups that some subject names.</param>
/// <param name="Extra">The keys of <c>extra</c> that are kept.</param>
/// <param name="Person">The keys of <c>extra</c> that say who the person is.</param>
public sealed record CallerStamp(IReadOnlySet<string> Groups, IReadOnlySet<string> Extra, IReadOnlyList<string> Person)
{
    /// <summary>What policies ask about, and what the operator was told to keep.</summary>
    /// <param name="policies">The policy that a grant names; several where nothing is stored.</param>
    /// <param name="settings">The operator's set-up.</param>
    public static CallerStamp By(IEnumerable<BreakGlassPolicy> policies, CoreSettings settings)
    {
        var specs = policies.Select(p => p.Spec).ToList();
        return new(
            specs.SelectMany(Named).Where(s => s.Kind == "Group").Select(s => s.Name).ToHashSet(),
            specs.SelectMany(s => s.RequireClaims).Select(c => c.Key).Concat(settings.StampExtra).Concat(settings.PersonClaims).ToHashSet(),
            settings.PersonClaims);
    }

    /// <summary>The stamp of a user who asks, approves or reviews.</summary>
    /// <param name="caller">The caller with all that the API server said.</param>
    public Caller Of(Caller caller) => new()
    {
        Username = caller.Username,
        Uid = caller.Uid,
        Groups = [.. caller.Groups.Where(Groups.Contains).Distinct()],
        GroupCount = caller.Groups.Distinct().Count(),
        GroupsHash = HashOf(caller.Groups),
        Extra = caller.Extra?.Where(e => Extra.Contains(e.Key)).ToDictionary(StringComparer.Ordinal) is { Count: > 0 } extra ? extra : null,
        Person = [.. Person.SelectMany(key => (caller.Extra?.GetValueOrDefault(key) ?? []).Where(v => !string.IsNullOrWhiteSpace(v)).Select(v => $"{key}={v}"))
            .Distinct()],
    };

    /// <summary>The stamp of a user who takes access away: nothing is decided by more than the name.</summary>
    /// <param name="caller">The caller with all that the API server said.</param>
    public static Caller Brief(Caller caller) => new() { Username = caller.Username, Uid = caller.Uid };

    /// <summary>
    /// The SHA-256 of the different names, each with a line feed behind it, in the order of their UTF-8 bytes: <c>LC_ALL=C sort -u | sha256sum</c>.
    /// </summary>
    public static string HashOf(IEnumerable<string> groups)
    {
        var names = groups.Distinct().Select(g => Encoding.UTF8.GetBytes(g + "\n")).ToList();
        names.Sort((a, b) => a.AsSpan(0, a.Length - 1).SequenceCompareTo(b.AsSpan(0, b.Length - 1)));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in names) hash.AppendData(name);
        return $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }

    private static IEnumerable<Subject> Named(PolicySpec spec) => [.. spec.Requesters, .. spec.Approval?.Approvers ?? [], .. spec.Review?.Reviewers ?? []];
}
