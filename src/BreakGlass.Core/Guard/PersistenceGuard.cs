using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Guard;

/// <summary>
/// What a grant's identity must not do with its minutes unless its policy says so: the writes of <see cref="GuardTable"/>. The ValidatingAdmissionPolicies of
/// <c>config/guard</c> say the same in CEL; a change here is a change there.
/// </summary>
/// <remarks>
/// Two ways are out of sight of admission: impersonation, which arrives as done by the other one (see
/// <see cref="RoleRisk.CanImpersonate(IEnumerable{V1PolicyRule})"/>), and changes of admission itself
/// (<see cref="RoleRisk.CanChangeAdmission"/>). Reading is no write either: a Secret that holds a token can be read by all who may read Secrets.
/// </remarks>
public static class PersistenceGuard
{
    private static readonly string[] TokenTypes = ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"];

    /// <summary>The name of the grant's ServiceAccount that a user name stands for; null for everybody else.</summary>
    public static string? IdentityOf(string user, CoreSettings settings)
    {
        var prefix = Subjects.ServiceAccountUser(settings.GrantsNamespace, "");
        return user.Length > prefix.Length && user.StartsWith(prefix, StringComparison.Ordinal) ? user[prefix.Length..] : null;
    }

    /// <summary>
    /// The name of the grant that an identity would be of; null where it cannot be one. Whether it is one, the grant's UID says: <see cref="IsOf"/>.
    /// </summary>
    public static string? GrantNameOf(string identity) => identity.LastIndexOf('-') is var dash and > 0 ? identity[..dash] : null;

    /// <summary>Whether the identity was made for this grant.</summary>
    public static bool IsOf(string identity, BreakGlassGrant grant) => !string.IsNullOrEmpty(grant.Metadata.Uid) && GrantNames.Identity(grant) == identity;

    /// <summary>In which way the write could outlive a grant; null where it could not. Who writes does not matter here.</summary>
    public static PersistenceKind? KindOf(GuardedWrite write, CoreSettings settings)
    {
        if (write.Namespace.Length > 0 && settings.IsProtected(write.Namespace)) return PersistenceKind.OwnNamespaces;
        return GuardTable.Rows.FirstOrDefault(row => Fits(row, write, settings))?.Way;
    }

    /// <summary>Whether the policy lets its grants do this. A namesake of the policy that a grant was decided by allows nothing.</summary>
    public static bool Allows(BreakGlassPolicy? policy, BreakGlassGrant grant, PersistenceKind way) =>
        policy is not null && policy.Metadata.Uid == grant.Status.PolicyUid && way.ApiWord is { } word && policy.Spec.AllowPersistence.Contains(word);

    /// <summary>The sentence that the person reads whose write is refused.</summary>
    public static string Refusal(GuardedWrite write, PersistenceKind way, string policy)
    {
        var why = way switch
        {
            PersistenceKind.Rbac => "it gives rights that would outlive the grant",
            PersistenceKind.Tokens => "a token would outlive the grant",
            PersistenceKind.Csr => "a certificate would outlive the grant",
            PersistenceKind.Webhooks => "requests of other users would pass through it after the grant's end",
            PersistenceKind.OwnKinds => "BreakGlass's own objects control grants",
            _ => "objects in BreakGlass's own namespaces control grants",
        };
        var next = way.ApiWord is { } word
            ? $"If policy '{policy}' is meant to allow this, its author can add '{word}' to spec.allowPersistence; otherwise ask a person who has this right "
                + "without a grant."
            : "No policy can allow this; ask a person who has this right without a grant.";
        return $"The persistence guard refuses {Describe(write)}: {why}. The attempt is logged and counted. {next}";
    }

    /// <summary>
    /// The sentence for what the policy allows, where the grant's record of it could not be written: only what is on record may outlive a grant.
    /// </summary>
    public static string NotRecorded(GuardedWrite write) =>
        $"The persistence guard refuses {Describe(write)}: the policy allows it, but it could not be recorded in the grant's status. Try again.";

    /// <summary>
    /// A write in words, e.g. <c>create rolebindings.rbac.authorization.k8s.io payments/mine</c>. Admission is asked before names are validated, so
    /// anything may stand in one: it is cut and cleaned. A comma would make it look like a count of <see cref="Residue"/>.
    /// </summary>
    public static string Describe(GuardedWrite write)
    {
        var text = new StringBuilder(write.Operation.ToLowerInvariant()).Append(' ').Append(write.Resource);
        if (write.Subresource.Length > 0) text.Append('/').Append(write.Subresource);
        if (write.Group.Length > 0) text.Append('.').Append(write.Group);
        if (write.Namespace.Length > 0 || write.Name.Length > 0) text.Append(' ');
        if (write.Namespace.Length > 0) text.Append(write.Namespace).Append('/');
        text.Append(write.Name.Length > 0 ? write.Name : write.Namespace.Length > 0 ? "(no name)" : "");
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is < ' ' or > '~' or ',') text[i] = '?';
        }

        return text.Length <= 200 ? text.ToString() : text.ToString(0, 200) + "…";
    }

    private static bool Fits(GuardRow row, GuardedWrite write, CoreSettings settings) =>
        row.Group == write.Group && row.Operations.Contains(write.Operation) && Names(row, write.Resource, write.Subresource)
            && HasMark(row.Mark, write, settings);

    private static bool HasMark(GuardMark mark, GuardedWrite write, CoreSettings settings) => mark switch
    {
        GuardMark.OurName => IsOurName(write),
        GuardMark.OurNamespace => settings.IsProtected(write.Name),
        GuardMark.TokenType => TokenTypes.Contains(write.SecretType) || TokenTypes.Contains(write.OldSecretType),
        GuardMark.ConversionWebhook => write.ConversionStrategy is "Webhook",
        GuardMark.IdentityMapping or GuardMark.TrustedCertificates => write.Namespace == "kube-system" && write.Name == GuardTable.ConfigMapOf(mark),
        _ => true,
    };

    // Of the items of a deleted collection a mutating webhook hears nothing, so a collection counts as holding one of ours.
    private static bool IsOurName(GuardedWrite write) =>
        write.Name.StartsWith("breakglass", StringComparison.Ordinal) || write.Name.EndsWith($".{BreakGlassApi.Group}", StringComparison.Ordinal)
        || (write.Operation is "DELETE" && write.Name.Length == 0);

    private static bool Names(GuardRow row, string resource, string subresource) => row.Resources.Any(r =>
        r == "*/*" || (r == "*" && subresource.Length == 0) || r == (subresource.Length == 0 ? resource : $"{resource}/{subresource}"));
}
