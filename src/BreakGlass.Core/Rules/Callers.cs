namespace BreakGlass.Core.Rules;

/// <summary>Questions about authenticated callers.</summary>
public static class Callers
{
    /// <summary>Stands for a person whom no believed stamp names.</summary>
    public const string Unknown = "unknown";

    /// <summary>
    /// Whether two callers are one person: the same user name but for case, compatibility forms and invisible characters, the same UID under two names, or the
    /// same value of a claim that the operator was told to go by. In doubt they are one person, because this decides who may not judge their own request.
    /// Whether somebody is among a policy's subjects is another question: <see cref="Subjects"/> compares letter by letter, as RBAC does.
    /// </summary>
    public static bool Same(Caller? a, Caller? b)
    {
        if (a is null || b is null) return false;
        if (a.Username.Length > 0 && b.Username.Length > 0 && Folding.Same(a.Username, b.Username)) return true;
        if (!string.IsNullOrEmpty(a.Uid) && a.Uid == b.Uid) return true;
        return a.Person.Any(one => b.Person.Any(other => Folding.Same(one, other)));
    }

    /// <summary>
    /// A caller in a sentence that says what they did, under another name too: <c>'alice'</c>, or <c>'Alice' is the same person as 'alice', who</c>.
    /// </summary>
    public static string As(Caller caller, Caller before) =>
        caller.Username == before.Username ? $"'{Shown(caller)}'" : $"'{Shown(caller)}' is the same person as '{Shown(before)}', who";

    /// <summary>
    /// Whether somebody presented the voucher by which a grant is requested. Without them there would be no grant, so they judge it as little as its
    /// requester.
    /// </summary>
    /// <param name="caller">Somebody who approves or reviews.</param>
    /// <param name="requester">The requester, as admission stamped it.</param>
    public static bool IsPresenter(Caller? caller, Caller? requester) => caller is not null && PresenterOf(requester) is { } presenter
        && Same(caller with { Username = Sealing.Stamps.Presenter(caller.Username) }, presenter);

    /// <summary>Who presented the voucher, as far as the requester's stamp keeps it; null if there is none.</summary>
    public static Caller? PresenterOf(Caller? requester) => requester is not { PresentedBy: { Length: > 0 } name } ? null : new()
    {
        Username = name,
        Uid = requester.Extra?.GetValueOrDefault(BreakGlassApi.PresenterUidExtra) is [var uid, ..] ? uid : null,
        Person = requester.Extra?.GetValueOrDefault(BreakGlassApi.PresenterPersonExtra) ?? [],
    };

    /// <summary>Who decided, as far as a grant's status keeps it.</summary>
    public static Caller Of(ApprovalRecord record) => new() { Username = record.Approver, Uid = record.Uid, Person = record.Person };

    /// <summary>Who holds a place, as far as a policy's status keeps it.</summary>
    public static Caller Of(HolderRecord record) => new() { Username = record.Requester, Uid = record.RequesterUid, Person = record.Person };

    /// <summary>Whether anybody is named at all.</summary>
    public static bool IsNamed(Caller? caller) => caller is { Username.Length: > 0 };

    /// <summary>The user name as a person sees it who decides by it; <see cref="Unknown"/> if there is none.</summary>
    public static string Shown(Caller? caller) => IsNamed(caller) ? Rules.VisibleText.Name(caller!.Username) : Unknown;

    /// <summary>The required claim that a caller lacks, or null where all hold. A claim holds where one of its values is there, letter by letter.</summary>
    public static RequiredClaim? MissingClaim(Caller caller, IReadOnlyList<RequiredClaim> claims) =>
        claims.FirstOrDefault(c => caller.Extra?.TryGetValue(c.Key, out var values) is not true || !values.Any(c.Values.Contains));
}
