namespace BreakGlass.Core.Rules;

/// <summary>Whether RBAC subjects name a caller, as the RBAC authorizer decides it.</summary>
public static class Subjects
{
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>
    /// Whether one of the subjects is the caller or one of the caller's groups. Names are compared letter by letter; there are no wildcards.
    /// </summary>
    public static bool Include(IReadOnlyList<Subject> subjects, Caller caller) => subjects.Any(subject => Is(subject, caller));

    /// <summary>The user name of a ServiceAccount.</summary>
    public static string ServiceAccountUser(string ns, string name) => $"{ServiceAccountPrefix}{ns}:{name}";

    /// <summary>The groups that the API server puts a ServiceAccount's tokens in.</summary>
    public static IReadOnlyList<string> ServiceAccountGroups(string ns) =>
        ["system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"];

    /// <summary>Subjects as people read them, e.g. <c>Group payments-oncall, User alice</c>.</summary>
    public static string Describe(IReadOnlyList<Subject> subjects) =>
        string.Join(", ",
            subjects.Select(s => s.Kind == "ServiceAccount" ? $"ServiceAccount {s.Namespace}/{s.Name}" : $"{s.Kind} {VisibleText.Name(s.Name)}"));

    private static bool Is(Subject subject, Caller caller) => subject.Kind switch
    {
        "User" => caller.Username.Length > 0 && subject.Name == caller.Username,
        "Group" => caller.Groups.Contains(subject.Name),
        "ServiceAccount" => !string.IsNullOrEmpty(subject.Namespace) && caller.Username == ServiceAccountUser(subject.Namespace, subject.Name),
        _ => false,
    };
}
