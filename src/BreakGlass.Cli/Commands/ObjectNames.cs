namespace BreakGlass.Cli.Commands;

/// <summary>Objects as people name them: by the bare name, or with the kind before it as kubectl and this plugin write it (<c>bgg/inc-4711</c>).</summary>
internal static class ObjectNames
{
    public const string Grants = "grants";
    public const string Policies = "policies";
    public const string Approvals = "approvals";
    public const string Reviews = "reviews";
    public const string Lockdowns = "lockdowns";
    public const string Drills = "drills";

    public static IReadOnlyList<string> Kinds { get; } = [Grants, Policies, Approvals, Reviews, Lockdowns, Drills];

    /// <summary>A kind by any of the names that kubectl takes.</summary>
    /// <exception cref="CliException">It is none of ours.</exception>
    public static string Kind(string word) => word.ToLowerInvariant().Split('.')[0] switch
    {
        "grant" or "grants" or "bgg" or "breakglassgrant" or "breakglassgrants" => Grants,
        "policy" or "policies" or "bgp" or "breakglasspolicy" or "breakglasspolicies" => Policies,
        "approval" or "approvals" or "bga" or "breakglassapproval" or "breakglassapprovals" => Approvals,
        "review" or "reviews" or "bgr" or "breakglassreview" or "breakglassreviews" => Reviews,
        "lockdown" or "lockdowns" or "bgl" or "breakglasslockdown" or "breakglasslockdowns" => Lockdowns,
        "drill" or "drills" or "bgd" or "breakglassdrill" or "breakglassdrills" => Drills,
        _ => throw CliException.Usage($"'{word}' is not a known kind; use grants, policies, approvals, reviews, lockdowns and drills."),
    };

    /// <summary>The name of a grant.</summary>
    /// <exception cref="CliException">It is that of something else, or none.</exception>
    public static string Grant(string text) =>
        Read(text) is (Grants, var name) ? name : throw CliException.Usage($"'{text}' is not a grant. List the grants: kubectl breakglass list");

    /// <summary>The name of a policy.</summary>
    /// <exception cref="CliException">It is that of something else, or none.</exception>
    public static string Policy(string text) => Read(text, Policies) is (Policies, var name)
        ? name : throw CliException.Usage($"'{text}' is not a policy. List the policies: kubectl breakglass policies");

    /// <summary>The name of a lockdown.</summary>
    /// <exception cref="CliException">It is that of something else, or none.</exception>
    public static string Lockdown(string text) => Read(text, Lockdowns) is (Lockdowns, var name)
        ? name : throw CliException.Usage($"'{text}' is not a lockdown. List the lockdowns: kubectl breakglass list lockdowns");

    /// <summary>The name of a drill.</summary>
    /// <exception cref="CliException">It is that of something else, or none.</exception>
    public static string Drill(string text) => Read(text, Drills) is (Drills, var name)
        ? name : throw CliException.Usage($"'{text}' is not a drill. List the drills: kubectl breakglass list drills");

    /// <summary>A kind and a name; grants are meant unless another kind is usual.</summary>
    /// <exception cref="CliException">The kind is none of ours, or what follows cannot be a name.</exception>
    public static (string Kind, string Name) Read(string text, string usual = Grants)
    {
        var (kind, name) = text.Split('/', 2) is [var word, var rest] ? (Kind(word), rest) : (usual, text);
        return name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') && !name.StartsWith('.')
            ? (kind, name)
            : throw CliException.Usage($"'{name}' is not a valid name: use letters, digits, '-' and '.'.");
    }
}
