using BreakGlass.Cli.Policies;

namespace BreakGlass.Cli.Checks;

/// <summary>Plays cases through the rules by which the operator decides.</summary>
internal sealed class CaseRunner(ManifestSet files, CasesFile cases, string file, YamlDocument document)
{
    /// <summary>A Monday at noon: cases that depend on the time say when they play.</summary>
    private static readonly DateTimeOffset UsualTime = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    private readonly List<BreakGlassPolicy> _policies = [.. files.Read<BreakGlassPolicy>()];
    private readonly List<V1ClusterRole> _clusterRoles = [.. files.Read<V1ClusterRole>()];
    private readonly List<V1Role> _roles = [.. files.Read<V1Role>()];

    public IReadOnlyList<CheckedItem> Run() =>
        [.. cases.Cases.Select((c, i) => new CheckedItem(file, c.Name.Length > 0 ? c.Name : $"case {i + 1}", [.. Play(c, $"cases[{i}]")]))];

    private IEnumerable<Finding> Play(PolicyCase play, string path)
    {
        var policy = play.Policy is null && _policies.Count == 1 ? _policies[0] : _policies.Find(p => p.Metadata.Name == play.Policy);
        if (policy is null)
        {
            yield return Failed(YamlDocument.Under(path, "policy"), play.Policy is null
                ? $"the files contain {_policies.Count} policies, so the case must name one."
                : $"policy '{play.Policy}' is not in the "
                    + $"files{(_policies.Count == 0 ? "" : $"; they contain {string.Join(", ", _policies.Select(p => p.Metadata.Name))}")}.");
            yield break;
        }

        var at = Time(play.At, YamlDocument.Under(path, "at")) ?? UsualTime;
        if (policy.Spec.Mode is PolicyMode.TimeBoxed && play.At is null)
            yield return Failed(path, "the policy has a schedule, so the case must set its time, for example at: 2026-03-28T22:30:00Z.");
        var outcome = SimulatedRun.Run(Facts(play, path, policy, at));
        foreach (var difference in Differences(play.Expect, outcome))
            yield return Failed(YamlDocument.Under(path, "expect"), $"{difference} Result: {Describe(outcome)}");
    }

    private GrantFacts Facts(PolicyCase play, string path, BreakGlassPolicy policy, DateTimeOffset at)
    {
        policy = policy with { Metadata = policy.Metadata with { Uid = "policy", Generation = 1, ResourceVersion = "1" } };
        var grant = new BreakGlassGrant
        {
            Metadata = new() { Name = "case", Uid = "case", Generation = 1, CreatedAt = at },
            Spec = new()
            {
                Policy = policy.Metadata.Name,
                Justification = play.Ask.Reason ?? CaseAsk.UsualReason,
                Ticket = play.Ask.Ticket,
                Duration = play.Ask.For,
                StartTime = Time(play.Ask.Start, YamlDocument.Under(path, "ask.start")),
                Access = play.Ask.Access,
                Namespaces = play.Ask.Namespaces,
                Requester = Caller(play.As),
            },
        };
        return new()
        {
            Now = at + Duration(play.After, YamlDocument.Under(path, "after")),
            Settings = AssumedCluster.Settings,
            Name = grant.Metadata.Name,
            Grant = grant,
            Policy = policy,
            Cluster = View(policy, play),
            Approvals = [.. play.Decisions.Select((d, i) => Approval(d, i, at, YamlDocument.Under(path, $"decisions[{i}].after")))],
            Siblings = [.. play.Grants.Select((g, i) => Sibling(g, i, policy, at, YamlDocument.Under(path, $"grants[{i}].endedBefore")))],
            Lockdowns = play.Lockdown ? [new() { Metadata = new() { Name = "lockdown" }, Spec = new() { Reason = "set by the case" } }] : [],
        };
    }

    private Core.Rules.ClusterView View(BreakGlassPolicy policy, PolicyCase play)
    {
        var namespaces = cases.Cluster?.Namespaces?.Select(n => new V1Namespace { Metadata = new() { Name = n.Key, Labels = n.Value ?? [] } }).ToList()
            ?? [.. files.Read<V1Namespace>()];

        // A role that no file holds is taken to be there, and what it gives is not known; of one that is, the rules count.
        return AssumedCluster.View(policy, namespaces.Count == 0 ? null : namespaces,
            n => _clusterRoles.Find(r => r.Metadata.Name == n) ?? new() { Metadata = new() { Name = n } },
            (ns, n) => _roles.Find(r => r.Metadata.Name == n && r.Metadata.NamespaceProperty == ns)
                ?? new() { Metadata = new() { Name = n, NamespaceProperty = ns } }, play.Ask.Namespaces);
    }

    private BreakGlassApproval Approval(CaseDecision decision, int index, DateTimeOffset at, string path) => new()
    {
        Metadata = new() { Name = $"decision-{index}", CreatedAt = at + Duration(decision.After, path) },
        Spec = new() { Grant = "case", GrantUid = "case", Decision = decision.Decision, Approver = Caller(decision.By) },
    };

    private BreakGlassGrant Sibling(CaseGrant other, int index, BreakGlassPolicy policy, DateTimeOffset at, string path)
    {
        var ended = other.EndedBefore is null ? (DateTimeOffset?)null : at - Duration(other.EndedBefore, path);
        var began = (ended ?? at) - TimeSpan.FromMinutes(1);
        List<Condition> conditions = [];
        if (Core.Rules.ReviewRules.IsRequired(policy.Spec) || other.Bypassed) conditions.Add(new() { Type = GrantConditions.Reviewed, Status = other.Reviewed
            ? "True" : "False", Reason = other.Reviewed ? "Justified" : GrantConditions.ReviewPending });
        if (other.Bypassed) conditions.Add(new() { Type = GrantConditions.Approved, Status = "False", Reason = GrantConditions.EmergencyBypass });
        return new()
        {
            Metadata = new() { Name = $"other-{index + 1}", Uid = $"other-{index + 1}", CreatedAt = began },
            Spec = new() { Policy = policy.Metadata.Name, Requester = Caller(other.By) },
            Status = new()
            {
                Phase = ended is null ? GrantPhase.Active : GrantPhase.Expired,
                ActivatedAt = began,
                ExpiresAt = ended ?? at.AddHours(1),
                EndedAt = ended,
                Conditions = conditions,
                Transitions = [new() { To = GrantPhase.Active, At = began }],
            },
        };
    }

    private static IEnumerable<string> Differences(CaseExpectation expected, GrantStatus outcome)
    {
        var phase = SimulatedRun.Phase(outcome).ToString();
        if (expected.Phase is { } p && p != phase) yield return $"expected the phase {p}.";
        if (expected.Reason is { } r && r != ReasonOf(outcome)) yield return $"expected the reason {r}.";
        var length = outcome.ExpiresAt - outcome.ActivatedAt;
        if (expected.Duration is { } d && (!GoDuration.TryParse(d, out var duration) || duration != length)) yield return $"expected {d} of access.";
        var places = outcome.Bindings.Select(b => b.Namespace ?? "*").Distinct(StringComparer.Ordinal).ToList();
        if (expected.Namespaces is { } n && !n.ToHashSet(StringComparer.Ordinal).SetEquals(places)) yield return $"expected access in {string.Join(", ", n)}.";
        if (expected.Roles is { } roles && !roles.ToHashSet(StringComparer.Ordinal).SetEquals(outcome.Bindings.Select(b => b.Role)))
            yield return $"expected the roles {string.Join(", ", roles)}.";
        if (expected.Review is { } review && review != Reviewed(outcome)) yield return review ? "expected a required review." : "expected no required review.";
        if (expected == new CaseExpectation()) yield return "the case has no expectation; set at least expect: {phase: Active}.";
    }

    private static string Describe(GrantStatus outcome)
    {
        var phase = SimulatedRun.Phase(outcome);
        if (phase is not GrantPhase.Active) return $"{phase} ({ReasonOf(outcome)}): {GrantWords.Why(new() { Status = outcome })}";
        var where = string.Join(", ", outcome.Bindings.Select(b => $"{b.Role} in {b.Namespace ?? "the whole cluster"}"));
        return $"Active ({ReasonOf(outcome)}) for {GoDuration.Format((outcome.ExpiresAt - outcome.ActivatedAt) ?? default)}: "
            + $"{where}{(outcome.Path is SessionPath.Gateway ? ", through the gateway" : "")}{(Reviewed(outcome) ? ", to be reviewed" : "")}.";
    }

    private static string ReasonOf(GrantStatus outcome) => outcome.Phase is GrantPhase.Denied
        ? outcome.Transitions[^1].Reason
        : Conditions.Find(outcome.Conditions, GrantConditions.Approved)?.Reason ?? "";

    private static bool Reviewed(GrantStatus outcome) => Conditions.Find(outcome.Conditions, GrantConditions.Reviewed) is not null;

    private static Caller Caller(CasePerson person) => new() { Username = person.User, Groups = person.Groups, Extra = person.Extra };

    private Finding Failed(string path, string message) => new("CaseFailed", FindingLevel.Error, file, document.At(path), message);

    private DateTimeOffset? Time(string? text, string path)
    {
        if (text is null) return null;
        return Timestamp.TryParse(text, out var time) && time.Year is >= 1970 and < 9000
            ? time : throw Wrong(path, $"'{text}' is not a valid time; use for example 2026-03-28T22:30:00Z.");
    }

    private TimeSpan Duration(string? text, string path)
    {
        if (text is null) return TimeSpan.Zero;
        return GoDuration.TryParse(text, out var duration)
            ? duration : throw Wrong(path, $"'{text}' is not a valid duration; use for example 30m, 1h30m or 45s.");
    }

    private CliException Wrong(string path, string message) => CliException.Usage($"{file}:{document.At(path).Line}: {message}");
}
