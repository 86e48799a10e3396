using System.Security.Cryptography;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Journal;

/// <summary>The entries of a policy: one for each generation of its spec that the operator saw, and one when it is gone.</summary>
public static class PolicyEntries
{
    /// <summary>The start of the subject of a policy's entries.</summary>
    public const string SubjectStart = "policies/";

    private const int MostEntries = 16;
    private const int MostNamespaces = 5;
    private const int LongestEntry = 384;

    /// <summary>The entry of the generation that a policy has.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="isVerified">Whether its seal is valid, so that its author is known.</param>
    /// <param name="seen">Now: the API server does not record when a spec was changed.</param>
    public static JournalEntry Of(BreakGlassPolicy policy, bool isVerified, DateTimeOffset seen)
    {
        var (metadata, generation) = (policy.Metadata, GenerationOf(policy));
        var created = generation == 1 ? metadata.CreatedAt : null;
        return new()
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{metadata.Uid}/g{generation}"),
            Type = generation == 1 ? EntryTypes.PolicyCreated : EntryTypes.PolicyChanged,
            Source = JournalEntry.Operator,
            Subject = SubjectStart + metadata.Name,
            Time = created ?? seen,
            Data = new()
            {
                Policy = metadata.Name,
                Actor = isVerified ? EntryText.Short(policy.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.AuthorAnnotation)) : null,
                Unverified = isVerified ? null : true,
                Seen = created is null ? true : null,
                Generation = generation,
                Mode = policy.Spec.Mode?.ToString(),
                Reason = policy.Spec.Suspended ? PolicyConditions.Suspended : null,
                Hash = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(CanonicalSpec.Bytes(policy)!))}",
                Access = [.. policy.Spec.Access.Take(MostEntries).Select(e => EntryText.Short(Summary(e), LongestEntry)!)],
            },
        };
    }

    /// <summary>The entry that says that a policy is gone.</summary>
    /// <param name="uid">Its UID.</param>
    /// <param name="name">Its name.</param>
    /// <param name="seen">When the operator saw that it is gone.</param>
    public static JournalEntry Deleted(string uid, string name, DateTimeOffset seen) => new()
    {
        Id = $"{uid}/deleted",
        Type = EntryTypes.PolicyDeleted,
        Source = JournalEntry.Operator,
        Subject = SubjectStart + name,
        Time = seen,
        Data = new() { Policy = name, Seen = true },
    };

    /// <summary>The generation of a policy's spec.</summary>
    public static long GenerationOf(BreakGlassPolicy policy) => Math.Max(1, policy.Metadata.Generation ?? 1);

    private static string Summary(AccessEntry entry)
    {
        var places = entry.ClusterWide is true ? "the whole cluster"
            : entry.NamespaceSelector is { } selector ? $"namespaces with {LockdownEntries.Text(selector)}"
            : string.Join(", ", entry.Namespaces.Take(MostNamespaces))
                + (entry.Namespaces.Count > MostNamespaces ? $" and {entry.Namespaces.Count - MostNamespaces} more" : "");
        return $"{entry.Name}: {entry.RoleRef} in {places}";
    }
}
