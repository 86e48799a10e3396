namespace BreakGlass.Core.Rules;

/// <summary>
/// Who may write a BreakGlassSession. It is the operator's record of what was done with a grant: people read it, and it is deleted together with its grant.
/// </summary>
public static class SessionRules
{
    private const string Delete = "DELETE";

    /// <summary>
    /// Whether a user may do this whatever the object is. The garbage collector deletes the records of grants that are gone, and writes their owner references
    /// if somebody deletes a grant in the foreground or without its dependents.
    /// </summary>
    /// <param name="operation">CREATE, UPDATE or DELETE.</param>
    /// <param name="subresource">The subresource; empty for the object itself.</param>
    /// <param name="user">The user.</param>
    /// <param name="settings">The operator's settings.</param>
    public static bool MayWrite(string operation, string subresource, string user, CoreSettings settings) =>
        (user == KnownUsers.Operator(settings) && operation is not Delete)
            || (KnownUsers.IsCollector(user) && operation is "UPDATE" or Delete && subresource.Length == 0);

    /// <summary>Whether a record can be deleted by anybody who has the right: its grant is gone, or is being deleted.</summary>
    /// <param name="session">The record.</param>
    /// <param name="grant">The grant with its name; null if there is none.</param>
    public static bool CanGo(BreakGlassSession session, BreakGlassGrant? grant) =>
        grant is not { Metadata.DeletionTimestamp: null } || !session.OwnersOrEmpty.Any(o => o.Uid == grant.Metadata.Uid);

    /// <summary>The refusal.</summary>
    /// <param name="name">The name of the record.</param>
    public static string Refusal(string name) =>
        $"BreakGlassSession '{name}' is the operator's record of what was done with grant '{name}': only the operator writes it, and it is deleted together "
        + "with its grant. To delete the record, delete the grant.";
}
