using System.Security.Cryptography;
using BreakGlass.Core.Journal;
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
        KubeConnectionException lost => (ExitCodes.Error, $"no answer from the API server. {lost.Message}"),
        KubeConfigException config => (ExitCodes.Error, config.Message),
        CryptographicException crypto => (ExitCodes.Error, $"the credential cannot be decrypted: {crypto.Message}"),
        JournalException journal => (ExitCodes.Error, journal.Message),
        YamlException yaml => (ExitCodes.Usage, $"invalid YAML at line {yaml.Start.Line}, column {yaml.Start.Column}: check indentation and quoting."),
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
            return (ExitCodes.Error, $"the operator's webhook does not answer, so the API server accepts no requests ({Words(words)}). Tell the platform "
                + "team; check the operator's pods: kubectl get pods -n breakglass-system. This still works: kubectl breakglass lockdown");
        }

        if (e.IsUnauthorized) return (ExitCodes.Refused,
            "unauthorized: your credentials are missing, expired or revoked. Log in again, or use another user or context (--context).");
        if (e.IsForbidden) return (ExitCodes.Refused, $"forbidden: {Words(words)} Ask the platform team for the role that allows it (breakglass-requester, "
            + "-approver, -reviewer, -auditor), or use another --context.");
        if (e.IsInvalid) return (ExitCodes.Refused, $"refused: {Words(words)}");
        if (e.IsNotFound && e.Status.Details?.Name is { Length: > 0 } name)
        {
            return (ExitCodes.NotFound,
                $"{e.Status.Details.Kind} '{name}' not found. List what exists with 'kubectl breakglass list', or use another --context.");
        }

        if (e.Code is System.Net.HttpStatusCode.NotFound)
        {
            return (ExitCodes.NotFound,
                "the BreakGlass Operator is not installed on this cluster. Use another --context, or ask the platform team to install it.");
        }

        if (e.IsAlreadyExists) return (ExitCodes.Error, $"{Words(words)} Use another name.");
        return (ExitCodes.Error, $"error from the API server: {Words(words)} ({(int)e.Code}). Try again; if it fails again, tell the platform team.");
    }

    private static string Words(string text)
    {
        var words = text.Trim();
        if (words.Length == 0) return "no reason given.";
        return words[^1] is '.' or '!' or '?' ? words : words + ".";
    }
}
