using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The object of a kind that a grant with an identity has in the grants' namespace.</summary>
/// <param name="Suffix">What follows the identity's name in its name.</param>
/// <param name="Make">Makes it, as it should be.</param>
/// <param name="IsForReader">Whether it is there only for the requester to read the Secret.</param>
public sealed record IdentityObject(
    string Suffix, Func<BreakGlassGrant, CoreSettings, DateTimeOffset, IKubernetesObject<V1ObjectMeta>> Make, bool IsForReader = false)
{
    /// <summary>Its name.</summary>
    public string Name(BreakGlassGrant grant) => GrantNames.Identity(grant) + Suffix;

    /// <summary>Whether a grant has one.</summary>
    public bool IsNeeded(BreakGlassGrant grant) => !IsForReader || grant.Spec.RecipientKey is null;
}
