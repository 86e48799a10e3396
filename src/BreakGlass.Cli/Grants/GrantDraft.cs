using System.Security.Cryptography;

namespace BreakGlass.Cli.Grants;

internal sealed record GrantDraft
{
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";
    private const int SuffixLength = 5;

    public required string Policy { get; init; }

    public required string Reason { get; init; }

    public string? Ticket { get; init; }

    /// <summary>How long; null for the policy's default.</summary>
    public TimeSpan? For { get; init; }

    public DateTimeOffset? Start { get; init; }

    public IReadOnlyList<string> Access { get; init; } = [];

    public IReadOnlyList<string> Namespaces { get; init; } = [];

    public bool RequireAll { get; init; }

    /// <summary>The grant's name; null for one that is made up.</summary>
    public string? Name { get; init; }

    /// <summary>Who asks, for an operator that takes manifests as written; admission stamps it otherwise.</summary>
    public Caller? Requester { get; init; }

    /// <summary>The manifest.</summary>
    /// <param name="key">The key that the credential is encrypted to; null to have it put into a Secret.</param>
    public BreakGlassGrant ToGrant(JsonWebKey? key) => new()
    {
        Metadata = new() { Name = Name ?? MadeUpName() },
        Spec = new()
        {
            Policy = Policy,
            Justification = Reason,
            Ticket = Ticket,
            Duration = For is { } duration ? GoDuration.Format(duration) : null,
            StartTime = Start,
            Access = Access,
            Namespaces = Namespaces,
            RequireAll = RequireAll ? true : null,
            RecipientKey = key,
            Requester = Requester,
        },
    };

    /// <summary>The ticket or the policy, with a unique suffix: a list of grants shows what each is about.</summary>
    private string MadeUpName()
    {
        var about = new string(
            [.. (string.IsNullOrWhiteSpace(Ticket) ? Policy : Ticket).ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]).Trim('-');
        if (about.Length == 0) about = "grant";
        about = about[..Math.Min(about.Length, Bounds.LongestName - SuffixLength - 1)].TrimEnd('-');
        return $"{about}-{RandomNumberGenerator.GetString(Letters, SuffixLength)}";
    }
}
