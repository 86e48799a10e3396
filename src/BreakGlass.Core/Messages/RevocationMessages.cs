using static BreakGlass.Core.Messages.Words;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of a grant that is over: its end, the proof, and what could not be removed.</summary>
internal static class RevocationMessages
{
    public const string Proving = "Access is cut. The operator verifies it with SubjectAccessReview and TokenReview.";
    public const string NotRemovedYet = "Not removed yet.";
    public const string Removed = "Everything that was created for the grant is removed.";

    public static string Expired(BreakGlassGrant grant) => $"Access of {Requester(grant)} expired.";
    public static string Revoked(BreakGlassGrant grant, EndReason reason, string why) => $"Access of {Requester(grant)} was revoked ({reason}). {why}";
    public static string EndedByHand(BreakGlassGrant grant) =>
        $"The grant of {Requester(grant)} is over because its status says so (phase {grant.Status.Phase}); the operator did not end it. "
            + "Find out who can write breakglassgrants/status.";
    public static string StillWorks(string why, string what) =>
        $"{Sentence(why)} It still works, because it cannot be removed: {what} The operator tries again every second.";
    public static string StillWorks(BreakGlassGrant grant, string what) => $"Access of {Requester(grant)} is over but still works. {what}";
    public static string NotAllRemoved(string what) => $"Access is gone, but not everything that was created for it can be removed. {what}";
    public static string NotRemoved(IReadOnlyList<string> what) => $"Not removed: {Few(what, "; ")}.";
    public static string Unread(IKubernetesObject<V1ObjectMeta> o) => $"{o.KindName} {o.Key} (it cannot be read)";
    public static string OrphanRemoved(IKubernetesObject<V1ObjectMeta> o, string grant) =>
        $"{o.KindName} {o.Key} was created for grant '{grant}', which does not exist any more or has another UID; the operator removed it.";
    public static string Proven(bool accessGone, bool? tokenDead, bool hasToken, string servers, IReadOnlyList<string> elsewhere) =>
        (accessGone ? "SubjectAccessReview finds no access through this grant."
            : "A binding of this grant still exists (see the condition Obstructed), but the only identity that it names is gone.")
        + (tokenDead is true ? " TokenReview refuses the token." : !hasToken ? ""
            : " The Secret and the ServiceAccount that the token was bound to are gone, and with them every token of the grant.")
        + servers
        + (elsewhere.Count == 0 ? "" : " The same access still exists through bindings that do not belong to this grant: "
            + $"{string.Join("; ", elsewhere.Take(3))}{(elsewhere.Count > 3 ? "; …" : "")}");
    public static string NotProven(BreakGlassGrant grant, bool accessGone, bool? tokenDead, string servers, bool obstructed) =>
        (obstructed ? "Not all of the grant could be removed (see the condition Obstructed)" : "The bindings are gone") + ", but the proof fails."
        + (accessGone || obstructed ? "" : " SubjectAccessReview still finds access through a binding of this grant, although all of them were deleted: "
            + "check whether one was created again.")
        + (tokenDead is false ? $" TokenReview still accepts the token: check whether ServiceAccount {grant.Status.ServiceAccount} is gone." : "")
        + $"{servers} The operator tries again every 10 s.";
    public static string Servers(int answered, int servers) => servers > 1 ? $" {answered} of {servers} API servers answered." : "";
}
