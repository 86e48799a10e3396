using System.Text.RegularExpressions;

namespace BreakGlass.Core.Lifecycle;

/// <summary>An object of a grant that ended and that could not be removed in this run.</summary>
/// <param name="Object">Its kind, namespace and name, for people.</param>
/// <param name="Uid">Its UID.</param>
/// <param name="Who">Who or what refused, in words that stay the same from try to try.</param>
/// <param name="Emptied">Whether it is a binding without subjects, which gives access to nobody.</param>
public sealed partial record Obstruction(string Object, string Uid, string Who, bool Emptied)
{
    private const int LongestMessage = 160;

    /// <summary>An object that the API server does not let go.</summary>
    /// <param name="o">The object.</param>
    /// <param name="code">The HTTP code of the answer; null if there was none.</param>
    /// <param name="message">What the API server said, or why there is no answer.</param>
    public static Obstruction Of(IKubernetesObject<V1ObjectMeta> o, int? code, string? message) =>
        new($"{o.KindName} {o.Key}", o.Metadata.Uid ?? "", WhoRefused(code, message ?? ""), IsEmptied(o));

    /// <summary>Whether an object is a binding that gives its role to nobody.</summary>
    public static bool IsEmptied(IKubernetesObject<V1ObjectMeta> o) => OwnedKinds.IsBinding(o) && OwnedKinds.SubjectsOf(o).Count == 0;

    /// <summary>For the condition and the event.</summary>
    public override string ToString() => $"{Object} ({Who}{(Emptied ? "; its subjects were removed, so it gives access to nobody" : "")})";

    /// <summary>
    /// The API server names the webhook or the policy that refuses, or that it could not call. The rest of what it says may differ from try to try
    /// (a port, a time), and would make a new event of each.
    /// </summary>
    private static string WhoRefused(int? code, string message)
    {
        if (Webhook().Match(message) is { Success: true } webhook)
        {
            var failed = message.Contains("failed calling", StringComparison.Ordinal) || message.Contains("failing closed", StringComparison.Ordinal);
            return failed
                ? $"admission webhook '{webhook.Groups["name"].Value}' does not answer" : $"admission webhook '{webhook.Groups["name"].Value}' refuses it";
        }

        if (AdmissionPolicy().Match(message) is { Success: true } policy) return $"ValidatingAdmissionPolicy '{policy.Groups["name"].Value}' refuses it";
        if (code is null) return "the API server does not answer in time; an admission webhook that hangs can be the cause";
        var text = message.Length > LongestMessage ? message[..LongestMessage] + "…" : message;
        return $"the API server answers {code}: {text.TrimEnd('.')}";
    }

    [GeneratedRegex("""webhook "(?<name>[^"]{1,253})""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Webhook();

    [GeneratedRegex("""ValidatingAdmissionPolicy '(?<name>[^']{1,253})'""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex AdmissionPolicy();
}
