using BreakGlass.Core.Rules;
using static BreakGlass.Core.Messages.Words;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of what was done with a grant.</summary>
internal static class SessionMessages
{
    /// <summary>What is unusual, in a sentence.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="number">How many.</param>
    /// <param name="limit">The policy's limit, if there is one.</param>
    /// <param name="what">Names, which may be what a client sent.</param>
    public static string Anomaly(AnomalyKind kind, long number, long limit, IReadOnlyList<string> what)
    {
        var names = Few([.. what.Select(VisibleText.Name)]);
        return kind switch
        {
            AnomalyKind.SecretsRead => $"{number} requests read Secrets; the policy's limit is {limit}.",
            AnomalyKind.SecretsListed => "The Secrets of all namespaces were listed or watched.",
            AnomalyKind.Denied => $"{number} requests were refused; the policy's limit is {limit}.",
            AnomalyKind.ParallelAddresses => $"Requests came from {number} addresses in turn: {names}. The credential may be used in two places.",
            AnomalyKind.ParallelPrograms => $"Requests came from {number} programs in turn: {names}. The credential may be used in two places.",
            AnomalyKind.FirstExec => $"A command was executed in a pod, which no earlier grant of this policy did{(names.Length == 0 ? "" : $": {names}")}.",
            AnomalyKind.FirstImpersonation => $"Another user was impersonated, which no earlier grant of this policy did: {names}.",
            AnomalyKind.FirstKind => $"Kinds of objects were used that no earlier grant of this policy used: {names}.",
            _ => $"A workload was created in the last minute of the grant, and can outlive it: {names}.",
        };
    }

    /// <summary>What is unusual, as an event says it.</summary>
    public static string Anomaly(BreakGlassGrant grant, string sentence) =>
        $"The grant of {Requester(grant)} is used in an unusual way. {sentence} Full report: kubectl breakglass report {grant.Metadata.Name}";

    /// <summary>What shows use arrives, so idle grants end.</summary>
    public static string EventsArrive(bool isByGateway) => isByGateway
        ? "The gateway's reports arrive, so grants that are not used end after the idle timeout."
        : "The API server's audit events arrive, so grants that are not used end after the idle timeout.";

    /// <summary>The operator has listened for a short time only.</summary>
    public static string NoEventYet(bool isByGateway) => isByGateway
        ? "The operator waits for a report of the gateway. Until one arrives, no grant ends because it is not used."
        : "The operator waits for the API server's audit events. Until one arrives, no grant ends because it is not used.";

    /// <summary>Nothing that shows use arrives.</summary>
    public static string NoEvents(bool isByGateway, DateTimeOffset? lastAt)
    {
        var what = isByGateway ? "report of the gateway" : "audit event of the API server";
        var last = lastAt is { } at ? $"The last {what} was at {Timestamp.Text(at)}." : $"No {what} has arrived.";
        var check = isByGateway
            ? "Check whether the gateway runs and reaches the operator (docs/gateway.md)."
            : "Check the API server's audit webhook, or the log forwarder (docs/sessions.md).";
        return $"{last} Until one arrives, no grant ends because it is not used. {check}";
    }

    /// <summary>What reviewers read.</summary>
    public static string Unusual(IReadOnlyList<AnomalyKind> kinds) => $"Unusual use was reported: {string.Join(", ", kinds)}.";
}
