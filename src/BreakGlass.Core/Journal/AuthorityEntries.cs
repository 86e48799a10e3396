using System.Security.Cryptography;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Journal;

/// <summary>
/// The entries of an authority: one for each generation of its spec that the operator saw, and one when it is gone. The use of a voucher is an entry of its
/// grant.
/// </summary>
public static class AuthorityEntries
{
    /// <summary>The start of the subject of an authority's entries.</summary>
    public const string SubjectStart = "authorities/";

    /// <summary>The entry of the generation that an authority has.</summary>
    /// <param name="authority">The authority.</param>
    /// <param name="isVerified">Whether its seal is valid, so that its author is known.</param>
    /// <param name="seen">Now: the API server does not record when a spec was changed.</param>
    public static JournalEntry Of(BreakGlassAuthority authority, bool isVerified, DateTimeOffset seen)
    {
        var (metadata, generation) = (authority.Metadata, GenerationOf(authority));
        var created = generation == 1 ? metadata.CreatedAt : null;
        return new()
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{metadata.Uid}/g{generation}"),
            Type = generation == 1 ? EntryTypes.AuthorityCreated : EntryTypes.AuthorityChanged,
            Source = JournalEntry.Operator,
            Subject = SubjectStart + metadata.Name,
            Time = created ?? seen,
            Data = new()
            {
                Authority = metadata.Name,
                Actor = isVerified ? EntryText.Short(authority.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.AuthorAnnotation)) : null,
                Unverified = isVerified ? null : true,
                Seen = created is null ? true : null,
                Generation = generation,
                Reason = authority.Spec.Suspended ? AuthorityConditions.Suspended : null,
                Hash = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(CanonicalSpec.Bytes(authority)!))}",
                Keys = [.. authority.Spec.Keys.Take(Bounds.MostAuthorityKeys).Select(k => EntryText.Short(k.Kid)!)],
            },
        };
    }

    /// <summary>The entry that says that an authority is gone.</summary>
    /// <param name="uid">Its UID.</param>
    /// <param name="name">Its name.</param>
    /// <param name="seen">When the operator saw that it is gone.</param>
    public static JournalEntry Deleted(string uid, string name, DateTimeOffset seen) => new()
    {
        Id = $"{uid}/deleted",
        Type = EntryTypes.AuthorityDeleted,
        Source = JournalEntry.Operator,
        Subject = SubjectStart + name,
        Time = seen,
        Data = new() { Authority = name, Seen = true },
    };

    /// <summary>The generation of an authority's spec.</summary>
    public static long GenerationOf(BreakGlassAuthority authority) => Math.Max(1, authority.Metadata.Generation ?? 1);
}
