using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>
/// Whether the grants of a policy go through the gateway. An operator without one gives no access to them; it does not take the access of live grants away,
/// whose path was decided before.
/// </summary>
public static class GatewayRules
{
    /// <summary>Whether the path is Gateway.</summary>
    public static bool IsRequired(PolicySpec policy) => policy.Session?.Path is SessionPath.Gateway;

    /// <summary>Why no access can be given by the policy's path; null if it can.</summary>
    public static Problem? Lacks(PolicySpec policy, CoreSettings settings) => settings.HasGateway || !IsRequired(policy) ? null
        : new(DenialReasons.NoGateway, "spec.session.path",
            "the policy requires the gateway, and the operator has none, so no grant is activated; set --gateway-url, or set path to Direct");
}
