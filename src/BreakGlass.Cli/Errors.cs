using System.Security.Cryptography;
using Kube.Client;
using YamlDotNet.Core;

namespace BreakGlass.Cli;

/// <summary>Turns what can go wrong into a code for scripts and words for people: what happened, why, what to do next.</summary>
internal static class Errors
{
    private const string Denied = "denied the request: ";

    /// <summary>The code and the words; null for what is a bug of ours, which is thrown on.</summary>
    public static (int Code, string Text)? Describe(Exception e) => e switch
    {
        CliException cli => (cli.Code, cli.Message),
        KubeApiException api => Describe(api),
        KubeConnectionException lost => (ExitCodes.Error, $"the API server gave no answer. {lost.Message}"),
        KubeConfigException config => (ExitCodes.Error, config.Message),
        CryptographicException crypto => (ExitCodes.Error, $"the credential cannot be opened: {crypto.Message}"),
        YamlException yaml => (ExitCodes.Usage, $"this is no YAML (line {yaml.Start.Line}, column {yaml.Start.Column}). Mend it there."),
        IOException or UnauthorizedAccessException => (ExitCodes.Error, $"{e.Message} Check the path and its permissions."),
        _ => null,
    };

    private static (int Code, string Text) Describe(KubeApiException e)
    {
        var words = e.Status.Message ?? "";
        if (words.IndexOf(Denied, StringComparison.Ordinal) is >= 0 and var at)
        {
            return (ExitCodes.Refused, $"refused: {Words(words[(at + Denied.Length)..])}");
        }

        if (words.Contains("failed calling webhook", StringComparison.Ordinal))
        {
            return (ExitCodes.Error, $"the operator that must vouch for this request does not answer, so the API server takes no request ({Words(words)}). Tell the platform team; see whether its pods run: kubectl get pods -n breakglass-system. What still works: kubectl breakglass lockdown");
        }

        if (e.IsUnauthorized) return (ExitCodes.Refused, "the API server does not know you: your credentials are missing, expired or revoked. Sign in again, or choose another user or context (--context).");
        if (e.IsForbidden) return (ExitCodes.Refused, $"you may not do this: {Words(words)} Ask the platform team to bind you to the role for it (breakglass-requester, -approver, -reviewer, -auditor), or use another --context.");
        if (e.IsInvalid) return (ExitCodes.Refused, $"refused: {Words(words)}");
        if (e.IsNotFound && e.Status.Details?.Name is { Length: > 0 } name)
        {
            return (ExitCodes.NotFound, $"there is no {e.Status.Details.Kind} '{name}'. See which there are with 'kubectl breakglass list', or choose another --context.");
        }

        if (e.IsNotFound)
        {
            return (ExitCodes.NotFound, "this cluster does not know break-glass requests: the BreakGlass Operator is not installed on it. Choose another --context, or ask the platform team to install it.");
        }

        if (e.IsAlreadyExists) return (ExitCodes.Error, $"{Words(words)} Choose another name.");
        return (ExitCodes.Error, $"the API server said: {Words(words)} ({(int)e.Code}). Try again; if it stays, tell the platform team.");
    }

    private static string Words(string text)
    {
        var words = text.Trim();
        if (words.Length == 0) return "it gave no reason.";
        return words[^1] is '.' or '!' or '?' ? words : words + ".";
    }
}
