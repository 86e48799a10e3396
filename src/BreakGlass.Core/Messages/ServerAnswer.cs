using System.Text.RegularExpressions;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Messages;

/// <summary>
/// What the API server answered to a write for a grant, in words for people: by one table over all codes, reasons and messages, so that executor,
/// conditions and tests take each answer for the same.
/// </summary>
/// <param name="Class">Whether it is worth another try.</param>
/// <param name="Reason">CamelCase, for the condition.</param>
/// <param name="Who">Who refuses: a webhook, a policy, a quota, the API server.</param>
/// <param name="Said">The answer itself, bounded.</param>
/// <param name="Next">What to do about it: it follows the cause.</param>
public sealed partial record ServerAnswer(AnswerClass Class, string Reason, string Who, string Said, string Next)
{
    /// <summary>The most of a message that goes into a status: a policy engine may answer with pages.</summary>
    private const int LongestSaid = 300;

    /// <summary>Reads an answer.</summary>
    /// <param name="code">The HTTP status code.</param>
    /// <param name="status">The server's answer.</param>
    public static ServerAnswer Of(int code, Status status)
    {
        var message = status.Message ?? "";
        return ByAdmission(code, message) ?? ByQuota(code, message) ?? ByCause(code, status, message) ?? ByCode(code, message);
    }

    /// <summary>The operator's own answer while it cannot issue a certificate for the gateway.</summary>
    /// <param name="why">Why not.</param>
    internal static ServerAnswer GatewayNotReady(string why) => new(AnswerClass.Retry, FailureReasons.GatewayNotReady, "the operator", Bounded(why),
        "If this lasts, check the operator's log, and its rights to the Secret breakglass-gateway-tls in its namespace");

    /// <summary>In a sentence that has its end.</summary>
    public override string ToString() => $"{Who} answers: {Words.Sentence(Said)} {Words.Sentence(Next)}";

    /// <summary>A webhook may deny with any code at all; the API server then says who it was. It also says so where a webhook does not answer.</summary>
    private static ServerAnswer? ByAdmission(int code, string message)
    {
        if (Denied().Match(message) is { Success: true } webhook)
        {
            var who = $"admission webhook '{webhook.Groups["name"].Value}'";
            return new(AnswerClass.Final, FailureReasons.AdmissionDenied, who, Bounded(message),
                $"Ask the people who run {who} to let the operator's objects pass (label breakglass.dev/grant)");
        }

        if (PolicyDenied().Match(message) is { Success: true } policy)
        {
            var who = $"ValidatingAdmissionPolicy '{policy.Groups["name"].Value}'";
            return new(AnswerClass.Final, FailureReasons.AdmissionDenied, who, Bounded(message),
                $"Change {who} so that the operator's objects pass (label breakglass.dev/grant)");
        }

        if (Unavailable().Match(message) is { Success: true } down && code is >= 400)
        {
            var who = $"admission webhook '{down.Groups["name"].Value}'";
            return new(AnswerClass.Retry, FailureReasons.WebhookUnavailable, who, Bounded(message),
                $"Repair {who}, or exempt the operator's objects from it (label breakglass.dev/grant)");
        }

        return null;
    }

    private static ServerAnswer? ByQuota(int code, string message) => code is 403 && Quota().Match(message) is { Success: true } quota
        ? new(AnswerClass.Final, FailureReasons.QuotaExceeded, $"ResourceQuota '{quota.Groups["name"].Value}'", Bounded(message),
            $"Raise ResourceQuota '{quota.Groups["name"].Value}' or delete objects that are not needed there")
        : null;

    private static ServerAnswer? ByCause(int code, Status status, string message)
    {
        if (status.Details?.Causes is { } causes && causes.Any(c => c.Reason == "NamespaceTerminating")
            || (code is 403 && message.Contains("because it is being terminated", StringComparison.Ordinal)))
        {
            return new(AnswerClass.Final, FailureReasons.NamespaceTerminating, "the API server", Bounded(message),
                "The namespace is being deleted, and nothing can be created in it");
        }

        if (code is 403 && message.Contains("attempting to grant RBAC permissions not currently held", StringComparison.Ordinal))
        {
            return new(AnswerClass.Final, FailureReasons.EscalationRefused, "the API server", Bounded(message),
                "Add the role to the operator's allow-list (ClusterRole breakglass-operator-bind)");
        }

        if (code is not 404) return null;
        return status.Details?.Kind switch
        {
            "clusterroles" or "roles" =>
                new(AnswerClass.Retry, FailureReasons.RoleNotFound, "the API server", Bounded(message),
                    "Create the role, or remove it from the policy's spec.access"),
            "namespaces" => new(AnswerClass.Final, FailureReasons.NamespaceMissing, "the API server", Bounded(message), "Create the namespace"),
            _ => null,
        };
    }

    /// <summary>
    /// Where nothing else says what it is. An unexpected code is final among the 400s, as the request would be the same, and worth a try where the
    /// server or something on the way failed.
    /// </summary>
    private static ServerAnswer ByCode(int code, string message)
    {
        var said = Bounded(message.Length == 0 ? $"HTTP {code} without a reason" : message);
        return code switch
        {
            403 => new(AnswerClass.Final, FailureReasons.Forbidden, "the API server", said,
                "Compare the operator's RBAC with config/rbac, and check for an admission plug-in that refuses it"),
            422 => new(AnswerClass.Final, FailureReasons.Invalid, "the API server", said, "Correct the policy"),
            401 => new(AnswerClass.Retry, FailureReasons.ServerError, "the API server", said,
                "The API server does not accept the operator's credentials; check its ServiceAccount"),
            404 => new(AnswerClass.Retry, FailureReasons.ServerError, "the API server", said,
                "The API server does not know this kind, or something between it and the operator answers instead"),
            408 or 409 or 425 or 429 =>
                new(AnswerClass.Retry, FailureReasons.ServerBusy, "the API server", said,
                    "This is usually temporary; if it lasts, check the API server's load"),
            >= 400 and < 500 => new(AnswerClass.Final, FailureReasons.Refused, "the API server", $"{said} (HTTP {code})",
                "Find out who answers with this code: an admission webhook, or a proxy before the API server"),
            _ => new(AnswerClass.Retry, FailureReasons.ServerError, "the API server", $"{said} (HTTP {code})",
                "If this lasts, check the API server's log"),
        };
    }

    private static string Bounded(string message)
    {
        var line = message.ReplaceLineEndings(" ").Trim();
        return line.Length <= LongestSaid ? line : $"{line[..(char.IsHighSurrogate(line[LongestSaid - 1]) ? LongestSaid - 1 : LongestSaid)]}…";
    }

    [GeneratedRegex("""admission webhook "(?<name>[^"]{1,253})" denied the request""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Denied();

    [GeneratedRegex("""ValidatingAdmissionPolicy '(?<name>[^']{1,253})' (?:with binding '[^']{1,253}' )?denied request""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PolicyDenied();

    [GeneratedRegex("""failed calling webhook "(?<name>[^"]{1,253})":""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Unavailable();

    [GeneratedRegex("""exceeded quota: (?<name>[^,\s]{1,253}),""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quota();
}
