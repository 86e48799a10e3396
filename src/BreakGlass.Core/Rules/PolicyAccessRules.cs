namespace BreakGlass.Core.Rules;

/// <summary>What a policy must say of who may ask, and of what is given.</summary>
internal static class PolicyAccessRules
{
    /// <summary>Who is named; at least somebody.</summary>
    public static void CheckSubjects(List<Problem> problems, string field, IReadOnlyList<Subject> subjects, string what) =>
        CheckSubjects(problems, PolicyRules.Invalid, field, subjects, what);

    /// <summary>The same for another kind than a policy.</summary>
    public static void CheckSubjects(List<Problem> problems, string reason, string field, IReadOnlyList<Subject> subjects, string what)
    {
        if (subjects.Count == 0) problems.Add(new(reason, field, $"must have at least one subject; {what}"));
        for (var i = 0; i < subjects.Count; i++)
        {
            var subject = subjects[i];
            PolicyRules.OneOf(problems, $"{field}[{i}].kind", subject.Kind, ApiWords.SubjectKinds, reason);
            if (subject.Name.Length == 0) problems.Add(new(reason, $"{field}[{i}].name", "required"));
            if (subject.Kind == "ServiceAccount" && string.IsNullOrEmpty(subject.Namespace))
            {
                problems.Add(new(reason, $"{field}[{i}].namespace", "required for a ServiceAccount"));
            }
        }
    }

    /// <summary>What is given, and where.</summary>
    public static void Check(List<Problem> problems, PolicySpec spec, CoreSettings settings)
    {
        if (spec.Access.Count == 0)
            problems.Add(new(PolicyRules.Invalid, "spec.access", "must have at least one entry; name the role that is given, and where"));
        var names = new HashSet<string>();
        for (var i = 0; i < spec.Access.Count; i++)
        {
            var entry = spec.Access[i];
            var field = $"spec.access[{i}]";
            if (entry.Name.Length == 0) problems.Add(new(PolicyRules.Invalid, $"{field}.name", "required; grants select entries by name"));
            if (!names.Add(entry.Name))
                problems.Add(new(PolicyRules.Invalid, $"{field}.name", $"'{entry.Name}' appears twice; names must be unique in the list"));
            PolicyRules.OneOf(problems, $"{field}.roleRef.kind", entry.RoleRef.Kind, ApiWords.RoleKinds);
            if (entry.RoleRef.Name.Length == 0) problems.Add(new(PolicyRules.Invalid, $"{field}.roleRef.name", "required"));

            var places = (entry.Namespaces.Count > 0 ? 1 : 0) + (entry.NamespaceSelector is null ? 0 : 1) + (entry.ClusterWide is true ? 1 : 0);
            if (places != 1) problems.Add(new(PolicyRules.Invalid, field, Sentences.OnePlace));
            if (entry.RoleRef.Kind == "Role" && entry.Namespaces.Count == 0)
            {
                problems.Add(new(PolicyRules.Invalid, $"{field}.roleRef.kind", Sentences.RoleNeedsNamespaces));
            }

            foreach (var ns in entry.Namespaces.Where(settings.IsProtected))
            {
                problems.Add(new(PolicyRules.Invalid, $"{field}.namespaces",
                    $"'{ns}' holds the operator or the credentials of other grants, so no policy can reach it; remove it"));
            }

            problems.AddRange(Selectors.Check(PolicyRules.Invalid, $"{field}.namespaceSelector", entry.NamespaceSelector));
        }
    }
}
