namespace BreakGlass.Operator.Admission;

/// <summary>Questions to the authorizer about somebody whom the API server has authenticated.</summary>
internal static class AccessReviews
{
    /// <summary>Whether a caller may do something. All that is known of the caller is in the question: authorizers other than RBAC may go by it.</summary>
    public static V1SubjectAccessReview May(V1UserInfo caller, V1ResourceAttributes what) => new()
    {
        Spec = new()
        {
            User = caller.Username,
            Uid = caller.Uid,
            Groups = [.. caller.Groups.OrEmpty()],
            Extra = caller.Extra?.ToDictionary(e => e.Key, e => (IList<string>)[.. e.Value.OrEmpty()]),
            ResourceAttributes = what,
        },
    };
}
