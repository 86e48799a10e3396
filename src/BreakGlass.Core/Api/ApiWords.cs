namespace BreakGlass.Core.Api;

/// <summary>The words that a field takes, as the schemas list them and as the rules and their messages name them.</summary>
public static class ApiWords
{
    /// <summary>Who can be named.</summary>
    public const string SubjectKinds = "User, Group, ServiceAccount";

    /// <summary>Roles that can be given.</summary>
    public const string RoleKinds = "ClusterRole, Role";

    /// <summary>The days of a schedule, the first day of the week first.</summary>
    public const string Days = "Mon, Tue, Wed, Thu, Fri, Sat, Sun";

    /// <summary>Operators of a label selector.</summary>
    public const string SelectorOperators = "In, NotIn, Exists, DoesNotExist";

    /// <summary>Outcomes of a review.</summary>
    public const string Outcomes = "Justified, Unjustified, Misused";

    /// <summary>Types of an authority's keys.</summary>
    public const string AuthorityKeyTypes = "EC, OKP";

    /// <summary>Curves of an authority's keys.</summary>
    public const string AuthorityCurves = "P-256, Ed25519";

    /// <summary>Persistence by roles and bindings.</summary>
    public const string Rbac = "rbac";

    /// <summary>Persistence by tokens.</summary>
    public const string Tokens = "tokens";

    /// <summary>Persistence by certificates.</summary>
    public const string Csr = "csr";

    /// <summary>Acting as somebody else, which no admission sees.</summary>
    public const string Impersonate = "impersonate";

    /// <summary>Persistence by what the requests of others pass through.</summary>
    public const string Webhooks = "webhooks";

    /// <summary>What <c>allowPersistence</c> takes.</summary>
    public const string Persistence = $"{Rbac}, {Tokens}, {Csr}, {Impersonate}, {Webhooks}";

    /// <summary>The words one by one.</summary>
    public static string[] Each(string words) => words.Split(", ");
}
