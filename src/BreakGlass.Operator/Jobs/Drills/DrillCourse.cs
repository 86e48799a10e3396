using System.Security.Cryptography;
using BreakGlass.Core.Drills;
using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>
/// Carries out the steps of one run, by the path that people use: the grant goes through the webhooks under the drill's own identity, and its access is used
/// with its own credential. What the steps mean for the run is decided in Core.
/// </summary>
internal sealed class DrillCourse : IDisposable
{
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan QuickFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ToActivate = TimeSpan.FromMinutes(3);

    private readonly DrillTools _tools;
    private readonly BreakGlassDrill _drill;
    private readonly DrillRun _run;
    private readonly DrillIdentity _requester;
    private readonly DrillIdentity _approver;
    private readonly IReadOnlyDictionary<string, long> _counted;
    private DrillCredential _credential = DrillCredential.Create();
    private KubeClient? _user;
    private BreakGlassGrant? _grant;
    private string? _voucher;

    public DrillCourse(DrillTools tools, BreakGlassDrill drill, DrillRun run)
    {
        (_tools, _drill, _run) = (tools, drill, run);
        var ns = tools.Settings.OperatorNamespace;
        _requester = new(tools.Client, ns, DrillRules.Requester, tools.Time);
        _approver = new(tools.Client, ns, DrillRules.Approver, tools.Time);
        _counted = tools.Metrics.MovedByDrills(drill.Spec.Policy);
    }

    private string Grant => _run.Grant!;

    private BreakGlassPolicy? Policy => _tools.Caches.Policy(_drill.Spec.Policy);

    /// <summary>Carries out a step. What the API server or a network fails at is an answer, not an exception.</summary>
    public async Task<DrillAnswer> DoAsync(DrillStep step, CancellationToken cancellationToken)
    {
        try
        {
            return await (step switch
            {
                DrillStep.Request => RequestAsync(cancellationToken),
                DrillStep.Approval => ApproveAsync(cancellationToken),
                DrillStep.Access => AccessAsync(cancellationToken),
                DrillStep.Use => UseAsync(cancellationToken),
                DrillStep.Hold => HoldAsync(cancellationToken),
                DrillStep.Revocation => RevokeAsync(cancellationToken),
                DrillStep.Denial => DenialAsync(cancellationToken),
                DrillStep.Proof => ProofAsync(cancellationToken),
                DrillStep.Journal => JournalAsync(cancellationToken),
                DrillStep.Events => EventsAsync(cancellationToken),
                DrillStep.Metrics => MetricsAsync(cancellationToken),
                DrillStep.Notifications => NotificationsAsync(cancellationToken),
                _ => AuditAsync(cancellationToken),
            });
        }
        catch (Exception e) when (IsOutage(e))
        {
            return DrillAnswer.Failed(DrillReasons.ServerError, e.Message);
        }
        catch (CryptographicException e)
        {
            return DrillAnswer.Failed(DrillReasons.NoCredential, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _user?.Dispose();
        _requester.Dispose();
        _approver.Dispose();
        _credential.Dispose();
        if (_voucher is not null) _tools.Presented.TryRemove(_voucher, out _);
    }

    private static bool IsOutage(Exception e) => e is KubeApiException or KubeConnectionException or KubeConfigException;

    private async Task<DrillAnswer> RequestAsync(CancellationToken cancellationToken)
    {
        var isBound = Policy?.Spec.Credential is CredentialKind.BindRequester;
        var grant = new BreakGlassGrant
        {
            Metadata = new() { Name = Grant, Labels = new Dictionary<string, string> { [BreakGlassApi.DrillLabel] = _drill.Metadata.Name } },
            Spec = new()
            {
                Policy = _drill.Spec.Policy,
                Justification = $"Drill {_drill.Metadata.Name}, run {_run.Id}: a rehearsal by the operator. No person uses this access.",
                Duration = _drill.Spec.Duration,
                RecipientKey = isBound ? null : _credential.PublicKey,

                // Admission stamps who really asks.
                Requester = new() { Username = DrillRules.User(_tools.Settings) },
            },
        };
        var client = await _requester.ClientAsync(cancellationToken);
        DrillVoucher? voucher = null;
        if (_drill.Spec.Voucher is { } set)
        {
            (voucher, var problem) = await VoucherAsync(set.Secret, client, cancellationToken);
            if (voucher is null) return DrillAnswer.Failed(DrillReasons.NoVoucher, problem) with { NoGrant = true, VouchersLeft = 0 };
            grant = voucher.Present(grant, _credential.Prove(voucher.Voucher, Grant, _tools.Time.GetUtcNow()));
        }

        var answer = await CreateAsync(grant, client, voucher, cancellationToken);
        return voucher is null ? answer : answer with { Voucher = voucher.Voucher.Claims.Id, VouchersLeft = voucher.Left };
    }

    private async Task<DrillAnswer> CreateAsync(BreakGlassGrant grant, KubeClient client, DrillVoucher? voucher, CancellationToken cancellationToken)
    {
        try
        {
            _grant = await client.CreateAsync(grant, cancellationToken);
            return DrillAnswer.Passed(voucher is null
                ? $"Grant {Grant} was created."
                : $"Grant {Grant} was created by voucher {voucher.Voucher.Claims.Id}. Vouchers that are left: {voucher.Left}.");
        }
        catch (KubeApiException e) when (e.IsInvalid || e.IsForbidden || e.IsUnauthorized || e.IsNotFound || (int)e.Code == 400)
        {
            return DrillAnswer.Failed(DrillReasons.RequestRefused, e.Status.Message ?? e.Message) with { NoGrant = true };
        }
    }

    /// <summary>
    /// Takes a voucher from the set, and the key of its holder, to which the credential will be delivered. The drill identity reads them, because the operator
    /// reads no Secrets but its own.
    /// </summary>
    private async Task<(DrillVoucher? Voucher, string Problem)> VoucherAsync(string name, KubeClient client, CancellationToken cancellationToken)
    {
        var (ns, policy) = (_tools.Settings.OperatorNamespace, Policy);
        if (policy is null) return (null, $"BreakGlassPolicy {_drill.Spec.Policy} does not exist.");
        V1Secret? secret;
        try
        {
            secret = await client.TryGetAsync<V1Secret>(name, ns, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            return (null, $"ServiceAccount {DrillRules.Requester} is not allowed to read Secret {ns}/{name}; give it the verb get on this Secret.");
        }

        if (secret is null) return (null, $"Secret {ns}/{name} does not exist; create it with the drill's vouchers and {DrillVoucher.HolderKey}.");
        var files = (secret.Data ?? new Dictionary<string, byte[]>()).Select(f => KeyValuePair.Create(f.Key, Encoding.UTF8.GetString(f.Value))).ToList();
        if (DrillCredential.Of(files.FirstOrDefault(f => f.Key == DrillVoucher.HolderKey).Value) is not { } holder)
            return (null, $"Secret {ns}/{name} has no {DrillVoucher.HolderKey} with an EC P-256 private key in PEM format that is not encrypted.");
        _credential.Dispose();
        _credential = holder;

        // Not from the cache: it may not know of a use a moment ago.
        var authority = policy.Spec.Vouchers is { } terms
            ? await _tools.Client.TryGetAsync<BreakGlassAuthority>(terms.Authority, null, cancellationToken) : null;
        return (Choose(files, policy, authority),
            $"Secret {ns}/{name} has no voucher for policy {policy.Metadata.Name} that was not used and is valid now; add vouchers with "
                + "'kubectl breakglass voucher issue'.");
    }

    private DrillVoucher? Choose(List<KeyValuePair<string, string>> files, BreakGlassPolicy policy, BreakGlassAuthority? authority)
    {
        for (;;)
        {
            var chosen = DrillVoucher.Choose(files, policy, authority, _tools.Time.GetUtcNow(), [.. _tools.Presented.Keys]);
            if (chosen is null) return null;
            if (!_tools.Presented.TryAdd(chosen.Voucher.Claims.Id, Grant)) continue;
            _voucher = chosen.Voucher.Claims.Id;
            return chosen;
        }
    }

    private async Task<DrillAnswer> ApproveAsync(CancellationToken cancellationToken)
    {
        if (Policy?.Spec.Approval is not { } terms) return DrillAnswer.Skipped("The policy requires no approval.");
        var limit = GoDuration.TryParse(terms.Timeout, out var timeout) ? timeout + Usual : Usual;
        var waits = await WaitAsync(
            g => Over(g) ?? (g.Status.Phase is GrantPhase.AwaitingApproval ? DrillAnswer.Passed() : IsApproved(g) ? Approved(g) : null), Usual,
            () => DrillAnswer.Failed(DrillReasons.NotApproved, "The grant did not ask for approval in time."), cancellationToken);
        if (waits is not { Result: DrillResult.Passed, Message: null }) return waits;
        if (_drill.Spec.Mode is DrillMode.Silent)
        {
            var approval = new BreakGlassApproval
            {
                Metadata = new() { Name = Grant },
                Spec = new() { Grant = Grant, Decision = ApprovalRules.Approve, Comment = $"Drill {_drill.Metadata.Name}: approved by the operator." },
            };
            await (await _approver.ClientAsync(cancellationToken)).CreateAsync(approval, cancellationToken);
        }

        return await WaitAsync(g => Over(g) ?? (IsApproved(g) ? Approved(g) : null), limit,
            () => DrillAnswer.Failed(DrillReasons.NotApproved, "Nobody approved the grant in time."), cancellationToken);
    }

    private async Task<DrillAnswer> AccessAsync(CancellationToken cancellationToken)
    {
        return await WaitAsync(
            g =>
            {
                if (Over(g) is { } over) return over;
                if (!Conditions.IsTrue(g.Status.Conditions, GrantConditions.Active)) return null;
                if (g.Status.Credential is not CredentialKind.BindRequester) _user ??= _credential.Open(g, _tools.Client, _tools.Time);
                return g.Status.Credential is CredentialKind.BindRequester || _user is not null ? DrillAnswer.Passed("The grant is active.") : null;
            }, ToActivate,
            () => DrillAnswer.Failed(
                DrillReasons.NotActive, Text(GrantConditions.Active) ?? "The grant did not become active in time, or its credential was not delivered."),
            cancellationToken);
    }

    private async Task<DrillAnswer> UseAsync(CancellationToken cancellationToken)
    {
        var questions = Questions();
        if (questions.Count == 0) return DrillAnswer.Failed(DrillReasons.AccessDenied, "The roles of the grant allow no request on a resource.");
        var last = "";
        return await RepeatAsync(async () =>
        {
            var denied = await AskAsync(questions, cancellationToken);
            last = denied is [var first, ..] ? $"{denied.Count} of {questions.Count} request(s) were refused, for example to {first}." : "";
            return denied.Count == 0 ? DrillAnswer.Passed($"{questions.Count} request(s) were allowed{Path()}.") : null;
        }, Usual, () => DrillAnswer.Failed(DrillReasons.AccessDenied, last), cancellationToken);
    }

    private async Task<DrillAnswer> HoldAsync(CancellationToken cancellationToken)
    {
        var hold = GoDuration.TryParse(_run.Hold, out var requested) ? requested : TimeSpan.Zero;
        if (_grant?.Status.ExpiresAt - _tools.Time.GetUtcNow() is { } left && left < hold) hold = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        await Task.Delay(hold, _tools.Time, cancellationToken);
        return DrillAnswer.Passed($"The run waited for {GoDuration.Format(hold)}.");
    }

    private async Task<DrillAnswer> RevokeAsync(CancellationToken cancellationToken)
    {
        var patch = new JsonObject { ["spec"] = new JsonObject { ["revoke"] = new JsonObject { ["reason"] = "The drill has used the access." } } };
        var last = "";
        return await RepeatAsync(async () =>
        {
            try
            {
                var client = await _requester.ClientAsync(cancellationToken);
                _grant = await client.MergePatchAsync<BreakGlassGrant>(Grant, null, patch, cancellationToken);
                return DrillAnswer.Passed("spec.revoke was set.");
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                return DrillAnswer.Passed("There is no grant.");
            }
            catch (Exception e) when (IsOutage(e))
            {
                last = e.Message;
                return null;
            }
        }, Usual, () => DrillAnswer.Failed(DrillReasons.NotRevoked, last), cancellationToken);
    }

    private async Task<DrillAnswer> DenialAsync(CancellationToken cancellationToken)
    {
        var questions = Questions();
        var last = "";
        return await RepeatAsync(async () =>
        {
            var denied = await AskAsync(questions, cancellationToken);
            last = $"{questions.Count - denied.Count} of {questions.Count} request(s) were still allowed.";
            return denied.Count == questions.Count ? DrillAnswer.Passed($"{questions.Count} request(s) were refused{Path()}.") : null;
        }, Usual, () => DrillAnswer.Failed(DrillReasons.StillAllowed, last), cancellationToken);
    }

    private Task<DrillAnswer> ProofAsync(CancellationToken cancellationToken) => WaitAsync(
        g => Conditions.IsTrue(g.Status.Conditions, GrantConditions.Revoked) ? DrillAnswer.Passed(Text(GrantConditions.Revoked)) : null, Usual,
        () => DrillAnswer.Failed(DrillReasons.NotProven, Text(GrantConditions.Revoked) ?? "The end of access was not proven in time."), cancellationToken);

    private async Task<DrillAnswer> JournalAsync(CancellationToken cancellationToken)
    {
        if (_tools.Journal is not { } journal) return DrillAnswer.Skipped("The operator has no journal.");
        var last = "";
        return await RepeatAsync(async () =>
        {
            await ReadAsync(cancellationToken);
            try
            {
                last = await journal.LacksAsync(_grant!, cancellationToken) ?? "";
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // The storage can be away, and says so in many ways.
                last = e is JournalException ? e.Message : $"The journal cannot be read ({e.GetType().Name}).";
            }

            return last.Length == 0
                ? DrillAnswer.Passed($"{_grant!.Status.Transitions.Count} transition(s) are in the journal, with valid inclusion proofs.") : null;
        }, Usual, () => DrillAnswer.Failed(DrillReasons.NotInJournal, last), cancellationToken);
    }

    private async Task<DrillAnswer> EventsAsync(CancellationToken cancellationToken)
    {
        string[] expected = [EventReasons.GrantActivated, EventReasons.GrantRevoked];
        string[] lacking = expected;
        return await RepeatAsync(async () =>
        {
            var client = await _requester.ClientAsync(cancellationToken);
            var query = new ListQuery { FieldSelector = $"regarding.kind={nameof(BreakGlassGrant)},regarding.name={Grant}" };
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var ns in DrillTools.EventNamespaces)
            {
                var events = await client.ListAsync<Eventsv1Event>(query with { Namespace = ns }, cancellationToken);
                seen.UnionWith(events.Items.Select(e => e.Reason ?? ""));
            }

            lacking = [.. expected.Except(seen)];
            return lacking.Length == 0 ? DrillAnswer.Passed($"The events {string.Join(" and ", expected)} exist.") : null;
        }, Usual, () => DrillAnswer.Failed(DrillReasons.NoEvent, $"There is no event {string.Join(", ", lacking)} of the grant."), cancellationToken);
    }

    private async Task<DrillAnswer> MetricsAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> lacking = [];
        return await RepeatAsync(() =>
        {
            lacking = [.. _tools.Metrics.MovedByDrills(_drill.Spec.Policy).Where(now => now.Value <= _counted[now.Key]).Select(now => now.Key)];
            return Task.FromResult(lacking.Count == 0
                ? DrillAnswer.Passed($"These metrics have changed: {string.Join(", ", _counted.Keys)}.") : null);
        }, QuickFor, () => DrillAnswer.Failed(DrillReasons.NotCounted, $"These metrics did not change: {string.Join(", ", lacking)}."), cancellationToken);
    }

    private async Task<DrillAnswer> NotificationsAsync(CancellationToken cancellationToken)
    {
        if (_tools.Notifier is not { } notifier || notifier.DrillReceivers.Count == 0)
            return DrillAnswer.Skipped("No receiver of notifications has drill: true and an event that each run has.");
        IReadOnlyList<string> lacking = [];
        return await RepeatAsync(() =>
        {
            lacking = [.. notifier.DrillReceivers.Where(receiver => !notifier.HasTaken(receiver, Grant))];
            return Task.FromResult(lacking.Count == 0
                ? DrillAnswer.Passed($"{string.Join(", ", notifier.DrillReceivers)} took the notifications.") : null);
        }, Usual, () => DrillAnswer.Failed(DrillReasons.NotNotified, $"No answer of {string.Join(", ", lacking)} that took all notifications."),
            cancellationToken);
    }

    private async Task<DrillAnswer> AuditAsync(CancellationToken cancellationToken)
    {
        var isShown = _tools.Settings.RecordsSessions || (_grant is { } grant && GatewayRules.ShowsUse(grant.Status));
        if (!isShown) return DrillAnswer.Skipped("The operator receives no audit events, and the gateway reports none for this policy.");
        if (_grant?.Status.Credential is CredentialKind.BindRequester) return DrillAnswer.Skipped("The requester's own user is bound.");
        return await WaitAsync(
            g => g.Status.Session is { Requests: > 0 } session ? DrillAnswer.Passed($"{session.Requests} request(s) are in the session's record.") : null,
            Usual,
            () => DrillAnswer.Failed(DrillReasons.NotObserved, "The session's record shows no request of the grant."), cancellationToken);
    }

    /// <summary>That the grant is over before it was used: what its status says of it.</summary>
    private DrillAnswer? Over(BreakGlassGrant grant) => !grant.Status.IsTerminal ? null : DrillAnswer.Failed(
        grant.Status.EndReason is EndReason.ApprovalTimeout ? DrillReasons.NotApproved : DrillReasons.GrantDenied,
        Text(GrantConditions.Authorized, "False") ?? Text(GrantConditions.Approved, "False") ?? Text(GrantConditions.Active) ?? "The grant is over.");

    private static bool IsApproved(BreakGlassGrant grant) => Conditions.IsTrue(grant.Status.Conditions, GrantConditions.Approved);

    private DrillAnswer Approved(BreakGlassGrant grant) => DrillAnswer.Passed(Text(GrantConditions.Approved) ?? $"Grant {grant.Metadata.Name} is approved.");

    private string? Text(string condition, string? status = null) =>
        _grant is { } grant && Conditions.Find(grant.Status.Conditions, condition) is { } found && (status is null || found.Status == status)
            ? found.Message : null;

    private string Path() => _grant?.Status.Path is SessionPath.Gateway ? " through the gateway" : "";

    private IReadOnlyList<V1ResourceAttributes> Questions() => _grant is { } grant ? DrillQuestions.Of(grant, _tools.Caches.View.Now()) : [];

    /// <summary>Asks each question as the grant's identity; gives those that were refused. A credential that the server does not take is a refusal.</summary>
    private async Task<IReadOnlyList<string>> AskAsync(IReadOnlyList<V1ResourceAttributes> questions, CancellationToken cancellationToken)
    {
        var client = _user ?? await _requester.ClientAsync(cancellationToken);
        var denied = new List<string>();
        foreach (var question in questions)
        {
            var what = $"{question.Verb} {question.Resource}{(question.NamespaceProperty is { } ns ? $" in {ns}" : "")}";
            try
            {
                var review = new V1SelfSubjectAccessReview { Spec = new() { ResourceAttributes = question } };
                if ((await client.CreateAsync(review, cancellationToken)).Status?.Allowed is not true) denied.Add(what);
            }
            catch (KubeApiException e) when (e.IsUnauthorized || e.IsForbidden)
            {
                denied.Add(what);
            }
        }

        return denied;
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var client = await _requester.ClientAsync(cancellationToken);
        _grant = await client.GetAsync<BreakGlassGrant>(Grant, null, cancellationToken);
    }

    private Task<DrillAnswer> WaitAsync(
        Func<BreakGlassGrant, DrillAnswer?> judge, TimeSpan limit, Func<DrillAnswer> late, CancellationToken cancellationToken) => RepeatAsync(
        async () =>
        {
            await ReadAsync(cancellationToken);
            return judge(_grant!);
        }, limit, late, cancellationToken);

    /// <summary>Tries until there is an answer, or the time is over. What fails on the way is tried again, like a person would.</summary>
    private async Task<DrillAnswer> RepeatAsync(
        Func<Task<DrillAnswer?>> attempt, TimeSpan limit, Func<DrillAnswer> late, CancellationToken cancellationToken)
    {
        var started = _tools.Time.GetTimestamp();
        string? outage = null;
        while (true)
        {
            try
            {
                outage = null;
                if (await attempt() is { } answer) return answer;
            }
            catch (Exception e) when (IsOutage(e))
            {
                outage = e.Message;
            }

            var waited = _tools.Time.GetElapsedTime(started);
            if (waited >= limit) return outage is null ? late() : DrillAnswer.Failed(DrillReasons.ServerError, outage);
            await Task.Delay(waited < QuickFor ? Quick : Slow, _tools.Time, cancellationToken);
        }
    }
}
