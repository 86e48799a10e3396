using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Rules;

/// <summary>What a policy says that is allowed, and does not do what its author may think: said by admission and by the plugin's lint, refused by nobody.</summary>
public static class PolicyWarnings
{
    /// <summary>Keys of <c>extra</c> that are known to hold what can be signed in with, or stands for a person's session.</summary>
    private static readonly string[] Credentials = ["user-assertion", "token", "assertion", "credential", "password", "secret", "cookie", "authorization", "jwt", "saml"];

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
                "'impersonate' changes nothing unless the API server asks the operator's /authorize (docs/install.md): admission does not see who impersonates, so a grant may impersonate whomever its roles let it. Keep impersonate out of the roles");
        }

        if (spec.Credential is CredentialKind.BindRequester && spec.AllowPersistence.Any(PersistenceRights.IsGuarded))
        {
            yield return new("PersistenceNotWatched", "spec.allowPersistence",
                "changes nothing with credential BindRequester: grants then act under the requester's own name, which the persistence guard does not watch; leave it out, or use ServiceAccountToken");
        }

        foreach (var warning in ControlPlaneReach.Of(spec, settings, rulesOf)) yield return warning;

        for (var i = 0; i < spec.RequireClaims.Count; i++)
        {
            if (!IsCredential(spec.RequireClaims[i].Key)) continue;
            yield return new("ClaimIsCredential", $"spec.requireClaims[{i}].key",
                $"'{spec.RequireClaims[i].Key}' holds a credential, and what a policy asks for is stamped into each grant, where every reader of grants sees it for as long as the record is kept; ask for a claim that is none, for example how the person signed in");
        }

        foreach (var warning in PolicyBounds.Warnings(spec)) yield return warning;

        for (var i = 0; i < spec.Access.Count; i++)
        {
            var entry = spec.Access[i];
            if (entry is not { ClusterWide: true, Namespaces.Count: 0, NamespaceSelector: null } || !RoleRisk.ReadsSealKeys(rulesOf(entry))) continue;
            yield return new("ReadsSealKeys", $"spec.access[{i}]",
                $"{entry.RoleRef} in the whole cluster reads Secrets, the operator's seal keys in {settings.OperatorNamespace} and the credentials of other grants in {settings.GrantsNamespace} among them; whoever has the keys can, with rights over admission, make seals for anybody. Use namespaceSelector, which never reaches these two, or a role without Secrets");
        }
    }
}
