using BreakGlass.Core.Model;
using static BreakGlass.Core.Messages.Words;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of access while the operator creates it and keeps it.</summary>
internal static class AccessMessages
{
    public const string Denied = "Access was given, but the API server denies it. An authorizer other than RBAC may deny it, such as a webhook or structured "
        + "authorization; or the API server's RBAC cache lags.";
    public const string NotEnded = "Access has not ended yet.";
    public const string Opening = "The operator is creating the access.";
    public const string BindingMissing = "The binding does not exist yet; the operator is creating it.";
    public const string BindingChanged = "the binding was changed; the operator is restoring it";
    public const string Deleted = "was deleted; the operator created it again";
    public const string Changed = "was changed; the operator restored it";
    public const string Replaced = "was replaced by something else; the operator creates it again";

    private const string Retries = "The operator tries again, where that can help, until the grant ends";
    private const string HowToEnd = "To end access sooner, set spec.revoke.";
    private const int MostCauses = 3;

    public static string OpeningHeld(string why, DateTimeOffset next) => $"The operator is creating the access: {why} Next try at {Timestamp.Text(next)}.";
    public static string Activated(BreakGlassGrant grant, string? bypass, int open, int all, bool isDenied) =>
        $"{(bypass is null ? "" : bypass + " ")}{Requester(grant)} has access until {Timestamp.Text(grant.Status.ExpiresAt!.Value)}: "
            + $"{string.Join(", ", grant.Status.Access.Select(e => $"{e.RoleRef}"))} in {(open == all ? "" : $"{open} of ")}{all} place(s)."
            + (isDenied ? $" {Denied}" : "");
    public static string Expiring(BreakGlassGrant grant, DateTimeOffset end) =>
        $"Access of {Requester(grant)} expires at {Timestamp.Text(end)}. If you need more time, create a new grant before then.";
    public static string Works(BreakGlassGrant grant, int open, int all, string gaps, string contested) =>
        $"Access works until {Timestamp.Text(grant.Status.ExpiresAt!.Value)}{(gaps.Length == 0 ? "" : $" in {open} of {all} places. {gaps} {Retries}")}."
            + $"{(contested.Length == 0 ? "" : $" {contested}")} {HowToGetIt(grant)}";
    public static string WorksNowhere(int all, string gaps, DateTimeOffset end) =>
        $"Access was given, but works in none of its {all} place(s) now. {gaps} {Retries} at {Timestamp.Text(end)}.";
    public static string IsDenied(TimeSpan retry, DateTimeOffset end) =>
        $"{Denied} The operator checks again every {retry.TotalSeconds:0} s until the grant ends at {Timestamp.Text(end)}.";

    /// <summary>The places without access, by cause; a few of each.</summary>
    public static string NotIn(IEnumerable<(BindingRecord Place, string Why)> gaps)
    {
        var causes = gaps.GroupBy(g => g.Why).OrderByDescending(g => g.Count()).ToList();
        var said = causes.Take(MostCauses).Select(
            c => $"Not in {Few([.. c.Select(g => g.Place.Namespace ?? $"the whole cluster ({g.Place.Role})")])}: {Sentence(c.Key)}");
        return string.Join(" ", said)
            + (causes.Count > MostCauses ? $" There are {causes.Count - MostCauses} more causes; status.bindings lists all places." : "");
    }

    public static string Recreated(string ns) =>
        $"Namespace '{ns}' was deleted and created again after access was decided. A grant that names it does not follow; create a new grant.";
    public static string NamespaceMissing(string ns) => $"Namespace '{ns}' does not exist any more.";
    public static string NamespaceTerminating(string ns) => $"Namespace '{ns}' is being deleted.";
    public static string RoleMissing(RoleReference role) => $"{role} does not exist. Create it, or ask the policy's owners.";
    public static string Foreign(IKubernetesObject<V1ObjectMeta> o) =>
        $"{o.KindName} '{o.Key}' already exists and was not created for this grant; the operator left it alone. Find out whose it is, and remove it";
    public static string Drifted(IKubernetesObject<V1ObjectMeta> o, string what) => $"{o.KindName} {o.Key} {what}. Find out who did it.";

    /// <summary>Who keeps changing what.</summary>
    public static string Fights(IReadOnlyList<(string? Writer, IKubernetesObject<V1ObjectMeta> Object)> contested, TimeSpan truce) =>
        string.Join(" ", contested.Take(MostCauses).Select(c =>
            $"{Whom(c.Writer)} labels, annotations or owners of {c.Object.KindName} {c.Object.Key} again and again. This gives access to nobody; "
                + $"the operator does not repair the object for {GoDuration.Format(truce)}. Find out who changes it."));
    public static string Fight(string? writer, TimeSpan truce) =>
        $"{Whom(writer)} it again and again; the operator does not write it for {GoDuration.Format(truce)}.";

    private static string Whom(string? writer) => writer is { Length: > 0 } ? $"Field manager '{writer}' changes or deletes"
        : "A writer that managedFields does not name, for example a mutating admission webhook, changes or deletes";

    private static string HowToGetIt(BreakGlassGrant grant)
    {
        if (grant.Status.Credential is CredentialKind.BindRequester) return $"Use your own credentials. {HowToEnd}";
        if (grant.Status.Path is SessionPath.Gateway && grant.Spec.RecipientKey is not null)
        {
            return "Use status.gateway with your private key: a kubeconfig with its server, its caBundle, its certificate as client-certificate-data, and "
                + $"your key as client-key-data. {HowToEnd}";
        }

        if (grant.Spec.RecipientKey is not null) return $"Decrypt status.credentialJwe with your private key; it contains a kubeconfig. {HowToEnd}";
        var (ns, name) = grant.Status.CredentialSecret?.Split('/', 2) is [var first, var second] ? (first, second) : ("", grant.Status.CredentialSecret);
        var through = grant.Status.Path is SessionPath.Gateway ? " It connects to the gateway." : "";
        return $"Get the kubeconfig with: kubectl get secret -n {ns} {name} -o jsonpath='{{.data.kubeconfig}}' | base64 -d.{through} {HowToEnd}";
    }
}
