using BreakGlass.Operator.Admission;
using BreakGlass.Operator.Guard;
using BreakGlass.Operator.Leftovers;

namespace BreakGlass.Operator.Certificates;

/// <summary>
/// Which webhook of the operator an entry of a webhook configuration is for, by the entry's name. The manifests say nothing else of it: the path is written by
/// the operator (<see cref="WebhookPaths"/>).
/// </summary>
internal static class WebhookNames
{
    private const string Domain = ".breakglass.dev";

    /// <summary>
    /// The plain path of the webhook, e.g. <c>/guard/secrets</c> for <c>secrets.guard.breakglass.dev</c>; null for a name that is not one of these.
    /// </summary>
    public static string? PathOf(string name) => !name.EndsWith(Domain, StringComparison.Ordinal) ? null : name[..^Domain.Length] switch
    {
        "mutate" or "mutate-lockdown" or "mutate-ending" => Webhooks.MutatePath,
        "validate" or "validate-lockdown" or "validate-ending" => Webhooks.ValidatePath,
        "objects.guard" => GuardWebhook.Paths[0],
        "secrets.guard" => GuardWebhook.Paths[1],
        "kube-system.guard" => GuardWebhook.Paths[2],
        "namespaces.guard" => GuardWebhook.Paths[3],
        "stamp" => StampWebhook.Path,
        _ => null,
    };
}
