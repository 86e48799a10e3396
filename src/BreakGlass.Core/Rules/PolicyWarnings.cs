using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>
/// What a policy says that is allowed, and does not do what its author may think: said by admission and by the plugin's lint, refused by nobody.
/// </summary>
public static class PolicyWarnings
{
    /// <summary>Keys of <c>extra</c> that are known to hold what can be signed in with, or stands for a person's session.</summary>
    private static readonly string[] Credentials = ["user-assertion", "token", "assertion", "credential", "password", "secret", "cookie", "authorization",
        "jwt", "saml"];

    /// <summary>
    /// Whether what the authenticator says under a key is a credential by its name: <c>iam.gke.io/user-assertion</c>, tokens, cookies. The IDs that Kubernetes
    /// itself gives credentials and pods are none.
    /// </summary>
    public static bool IsCredential(string key)
    {
        var name = key[(key.LastIndexOf('/') + 1)..].ToLowerInvariant();
        return !name.EndsWith("-id", StringComparison.Ordinal) && Credentials.Any(word => name.Contains(word, StringComparison.Ordinal));
    }

    /// <summary>All warnings.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="settings">The operator's set-up.</param>
    /// <param name="rulesOf">The rules that an entry gives as its role stands; none where that is not known.</param>
    public static IEnumerable<Problem> Of(BreakGlassPolicy policy, CoreSettings settings, Func<AccessEntry, IReadOnlyList<V1PolicyRule>> rulesOf)
    {
        var spec = policy.Spec;
        if (spec.AllowPersistence.Contains(ApiWords.Impersonate))
        {
            yield return new("ImpersonationUnseen", "spec.allowPersistence",
                "'impersonate' has no effect unless the API server calls the operator's /authorize (docs/install.md): admission does not see impersonation, "
                    + "so a grant can impersonate every user that its roles allow. Do not give roles with the verb impersonate");
        }

        if (spec.Credential is CredentialKind.BindRequester && spec.AllowPersistence.Any(PersistenceRights.IsGuarded))
        {
            yield return new("PersistenceNotWatched", "spec.allowPersistence",
                "has no effect with credential BindRequester: grants then act as the requester, whom the persistence guard does not watch; remove it, "
                    + "or use ServiceAccountToken");
        }

        foreach (var warning in ControlPlaneReach.Of(spec, settings, rulesOf)) yield return warning;

        for (var i = 0; i < spec.RequireClaims.Count; i++)
        {
            if (!IsCredential(spec.RequireClaims[i].Key)) continue;
            yield return new("ClaimIsCredential", $"spec.requireClaims[{i}].key",
                $"'{spec.RequireClaims[i].Key}' contains a credential. Required claims are stamped into each grant, where everybody who can read grants sees "
                    + "them for as long as the record is kept; require another claim, for example the login method");
        }

        foreach (var warning in PolicyBounds.Warnings(spec)) yield return warning;

        for (var i = 0; i < spec.Access.Count; i++)
        {
            var entry = spec.Access[i];
            if (entry is not { ClusterWide: true, Namespaces.Count: 0, NamespaceSelector: null } || !RoleRisk.ReadsSealKeys(rulesOf(entry))) continue;
            yield return new("ReadsSealKeys", $"spec.access[{i}]",
                $"{entry.RoleRef} in the whole cluster reads Secrets, including the operator's seal keys in {settings.OperatorNamespace} and the credentials "
                    + $"of other grants in {settings.GrantsNamespace}. A person with these keys and rights over admission can forge seals. "
                    + "Use namespaceSelector, which never selects these two namespaces, or a role that cannot read Secrets");
        }
    }
}
