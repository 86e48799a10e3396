namespace BreakGlass.Operator.Admission;

/// <summary>
/// The validating webhook: Core's rules on what is about to be stored, and a look at the seal, which shows that the mutating webhook was there and
/// that nothing changed the object after it.
/// </summary>
internal sealed class Validator(
    KubeClient client, SealKeyring keyring, CoreSettings settings, RevokeRight right, Func<ClusterView> cluster, PendingRequests pending, TimeProvider time,
    Func<DateTimeOffset> serverNow)
{
    // The operator goes by its own clock when it deletes what was kept long enough.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private readonly string _operator = KnownUsers.Operator(settings);

    public async ValueTask<AdmissionAnswer> HandleAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind is { Group: BreakGlassApi.Group, Kind: nameof(BreakGlassSession) }) return await SessionAsync(request, cancellationToken);
        if (AdmissionWrite.Read(request, out var write) is { } unreadable) return unreadable;
        if (!string.IsNullOrEmpty(request.SubResource)) return AdmissionAnswer.Allow();
        if (write.Object is { } written && request.Operation is not "DELETE"
            && MetadataRules.Check(write.Old, written, write.User.Username ?? "", settings) is { } meta) return Refuse(meta)!;
        if (write.Object is BreakGlassGrant marked && request.Operation is not "DELETE"
            && DrillRules.CheckMark(write.Old as BreakGlassGrant, marked, write.User.Username ?? "", settings) is { } mark) return Refuse(mark)!;
        if (request.Operation is "UPDATE" && !TakesAway(write) && MetadataRules.CheckManagedFields(
            write.Object!, AdmissionWrite.ManagedFieldsOf(request.OldObject), AdmissionWrite.ManagedFieldsOf(request.Object), write.User.Username ?? "",
            settings) is { } managed) return Refuse(managed)!;
        return request.Operation switch
        {
            "CREATE" => await CreateAsync(write, cancellationToken),
            "UPDATE" => await UpdateAsync(write, cancellationToken),
            _ => await DeleteAsync(write, cancellationToken),
        };
    }

    /// <summary>The record of a session: whose write it is decides, not what is in it.</summary>
    private async ValueTask<AdmissionAnswer> SessionAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var operation = request.Operation ?? "";
        if (SessionRules.MayWrite(operation, request.SubResource ?? "", request.UserInfo?.Username ?? "", settings)) return AdmissionAnswer.Allow();
        var name = request.Name ?? "";
        if (operation is "DELETE" && request.OldObject is { } old)
        {
            BreakGlassSession session;
            try
            {
                session = old.Deserialize(KubeKinds.Of<BreakGlassSession>().Json) ?? throw new JsonException("null");
            }
            catch (JsonException)
            {
                return AdmissionAnswer.Deny(SessionRules.Refusal(name));
            }

            // The request to delete a collection has no name.
            name = session.Metadata.Name;
            if (SessionRules.CanGo(session, await client.FindAsync<BreakGlassGrant>(name, cancellationToken))) return AdmissionAnswer.Allow();
        }

        return AdmissionAnswer.Deny(SessionRules.Refusal(name));
    }

    private async ValueTask<AdmissionAnswer> CreateAsync(AdmissionWrite write, CancellationToken cancellationToken)
    {
        if (write.Object is BreakGlassPolicy policy) return Policy(policy) ?? await CheckSealAsync(write, cancellationToken) ?? Accept(policy);
        if (write.Object is BreakGlassGrant grant) return await GrantAsync(write, grant, cancellationToken);
        if (write.Object is BreakGlassAuthority authority)
            return Authority(authority) ?? await CheckSealAsync(write, cancellationToken) ?? AdmissionAnswer.Allow();
        var problem = write.Object switch
        {
            BreakGlassApproval approval =>
                await DecisionAsync(approval.Spec.Grant, (grant, p) => ApprovalRules.AtAdmission(approval, grant, p), cancellationToken),
            BreakGlassReview review => await DecisionAsync(review.Spec.Grant, (grant, p) => ReviewRules.AtAdmission(review, grant, p), cancellationToken),
            BreakGlassLockdown lockdown => LockdownRules.Check(lockdown),
            _ => null,
        };
        return Refuse(problem) ?? await CheckSealAsync(write, cancellationToken) ?? AdmissionAnswer.Allow();
    }

    private async ValueTask<AdmissionAnswer> UpdateAsync(AdmissionWrite write, CancellationToken cancellationToken)
    {
        if (write is { Old: BreakGlassGrant was, Object: BreakGlassGrant becomes } && ImmutabilityRules.CheckOwners(was, becomes) is { } owned)
            return Refuse(owned)!;

        // Finalizers and labels must be free to go from whatever is there, though rules have become stricter since.
        if (Seal.SameSpec(write.Old!, write.Object!)) return await CheckSealAsync(write, cancellationToken) ?? AdmissionAnswer.Allow();
        if (write.Object is BreakGlassPolicy policy)
        {
            var shut = PolicyChanges.OnlySuspends((BreakGlassPolicy)write.Old!, policy);
            return (shut ? null : Policy(policy)) ?? await CheckSealAsync(write, cancellationToken) ?? Accept(policy);
        }

        if (write is { Old: BreakGlassAuthority known, Object: BreakGlassAuthority authority })
        {
            // What is not valid, because rules have become stricter, can be restricted further.
            var isShut = AuthorityChanges.OnlyRestricts(known, authority) && Authority(known) is not null;
            return (isShut ? null : Authority(authority)) ?? await CheckSealAsync(write, cancellationToken) ?? AdmissionAnswer.Allow();
        }

        var problem = (write.Old, write.Object) switch
        {
            (BreakGlassGrant before, BreakGlassGrant after) => ImmutabilityRules.Check(before, after),
            (BreakGlassApproval before, BreakGlassApproval after) => ImmutabilityRules.Check(before, after),
            (BreakGlassReview before, BreakGlassReview after) => ImmutabilityRules.Check(before, after),
            (BreakGlassLockdown before, BreakGlassLockdown after) => ImmutabilityRules.Check(before, after),
            _ => null,
        };
        if (Refuse(problem) is { } refused) return refused;
        if (write is { Old: BreakGlassGrant { Spec.Revoke: null } asked, Object: BreakGlassGrant { Spec.Revoke: not null } }
            && await RefuseRevokerAsync(write, asked, cancellationToken) is { } stranger) return stranger;
        return await CheckSealAsync(write, cancellationToken) ?? AdmissionAnswer.Allow();
    }

    /// <summary>
    /// Everybody ends what they asked for themselves; to end somebody else's access is a right of its own, since whoever may patch a grant could else stop
    /// everybody in the middle of an incident.
    /// </summary>
    private async Task<AdmissionAnswer?> RefuseRevokerAsync(AdmissionWrite write, BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        if (Callers.Same(CallerStamp.By([], settings).Of(write.Caller), grant.Spec.Requester)) return null;
        var name = grant.Metadata.Name;
        return await right.HasAsync(write.User, name, cancellationToken)
            ? null
            : AdmissionAnswer.Deny(
                $"spec.revoke: forbidden: grant '{name}' was requested by "
                    + $"'{Callers.Shown(grant.Spec.Requester)}', and '{Callers.Shown(write.Caller)}' can end only their own grants. "
                    + "To end grants of others, you need the verb revoke on "
                + $"breakglassgrants.breakglass.dev (kubectl auth can-i revoke breakglassgrants.breakglass.dev/{name}); the roles breakglass-approver, "
                    + "breakglass-reviewer and breakglass-lockdown have it. "
                + "Ask a person who has one of them, or the requester.");
    }

    private async ValueTask<AdmissionAnswer> DeleteAsync(AdmissionWrite write, CancellationToken cancellationToken)
    {
        if (write.Old is not BreakGlassGrant grant) return AdmissionAnswer.Allow();
        var policy = await PolicyOfAsync(grant, cancellationToken);

        // A record that is gone does not come back: while the clocks differ, none counts as kept long enough.
        var now = time.CertainNow() is { } certain
            ? certain + (write.Caller.Username == _operator ? ClockTolerance : TimeSpan.Zero) : DateTimeOffset.MinValue;
        if (ImmutabilityRules.CheckDelete(grant, policy, now) is { } problem) return AdmissionAnswer.Deny($"{problem}.");
        return ImmutabilityRules.DeleteWarning(grant) is { } warning ? AdmissionAnswer.Allow() with { Warnings = [warning] } : AdmissionAnswer.Allow();
    }

    private async ValueTask<AdmissionAnswer> GrantAsync(AdmissionWrite write, BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        var policy = await PolicyOfAsync(grant, cancellationToken);
        var problem = ImmutabilityRules.CheckOwners(null, grant) ?? await JudgeAsync(write, grant, policy, cancellationToken);

        // Counted last: what is refused for another reason does not wait for anybody.
        return Refuse(problem) ?? await CheckSealAsync(write, cancellationToken)
            ?? Refuse(DrillRules.IsDrill(grant, settings) ? null : pending.Check(grant, policy!, write.IsDryRun)) ?? AdmissionAnswer.Allow();
    }

    private async Task<Problem?> JudgeAsync(AdmissionWrite write, BreakGlassGrant grant, BreakGlassPolicy? policy, CancellationToken cancellationToken)
    {
        var seal = policy is null ? SealState.Missing : await keyring.JudgeAsync(policy, cancellationToken);
        var vouchers = await VouchersAsync(write, policy, cancellationToken);
        if (GrantRules.AtAdmission(grant, policy, seal, settings, null, vouchers) is { } problem) return problem;

        // What speaks against it by the caches is asked of the server before anybody is refused for it.
        var seen = cluster();
        if (VoucherRules.IsByVoucher(grant.Spec) && VoucherRules.ClusterId(seen) is null)
            throw new NotReadyException("the operator has not read the UID of namespace kube-system, by which vouchers name the cluster");
        if (GrantRules.AtAdmission(grant, policy, seal, settings, seen, vouchers) is null) return null;
        return GrantRules.AtAdmission(
            grant, policy, seal, settings, await LiveView.ReadAsync(client, policy!.Spec, seen, cancellationToken), vouchers);
    }

    /// <summary>The authority of the policy's vouchers as the API server has it now.</summary>
    private async Task<VoucherFacts?> VouchersAsync(AdmissionWrite write, BreakGlassPolicy? policy, CancellationToken cancellationToken)
    {
        if (policy?.Spec.Vouchers is not { } terms) return new() { Now = serverNow(), RequestedAt = serverNow() };
        var authority = await client.FindAsync<BreakGlassAuthority>(terms.Authority, cancellationToken);
        var seal = authority is null ? SealState.Missing : await keyring.JudgeAsync(authority, cancellationToken);
        return new() { Authority = authority, Seal = seal, Now = serverNow(), RequestedAt = serverNow(), Presenter = write.Caller };
    }

    private async Task<Problem?> DecisionAsync(string name, Func<BreakGlassGrant?, BreakGlassPolicy?, Problem?> judge, CancellationToken cancellationToken)
    {
        var grant = await client.FindAsync<BreakGlassGrant>(name, cancellationToken);
        return judge(grant, grant is null ? null : await PolicyOfAsync(grant, cancellationToken));
    }

    // Read anew each time: a policy and its first grant may come in one 'kubectl apply', and a cache would be behind.
    private Task<BreakGlassPolicy?> PolicyOfAsync(BreakGlassGrant grant, CancellationToken cancellationToken) =>
        client.FindAsync<BreakGlassPolicy>(grant.Spec.Policy, cancellationToken);

    private AdmissionAnswer? Policy(BreakGlassPolicy policy)
    {
        var problems = PolicyRules.Check(policy, settings).Where(p => p.Reason != PolicyRules.NotSupported).ToList();
        return problems.Count == 0 ? null : AdmissionAnswer.Invalid(string.Join(" ", problems.Select(p => $"{p}.")));
    }

    private static AdmissionAnswer? Authority(BreakGlassAuthority authority) => AuthorityRules.Check(authority) is { Count: > 0 } problems
        ? AdmissionAnswer.Invalid(string.Join(" ", problems.Select(p => $"{p}."))) : null;

    private AdmissionAnswer Accept(BreakGlassPolicy policy)
    {
        Problem?[] gateway = [GatewayRules.Lacks(policy.Spec, settings)];
        var warnings = PolicyRules.Check(policy, settings).Where(p => p.Reason == PolicyRules.NotSupported).Concat(gateway.OfType<Problem>())
            .Concat(PolicyWarnings.Of(policy, settings, RulesOf()));
        return AdmissionAnswer.Allow() with { Warnings = [.. warnings.Select(p => $"{p}.")] };
    }

    /// <summary>Roles as far as they are known: a warning is not worth a refusal.</summary>
    private Func<AccessEntry, IReadOnlyList<V1PolicyRule>> RulesOf()
    {
        try
        {
            var seen = cluster();
            return entry => seen.ClusterRole(entry.RoleRef.Name)?.RulesOrEmpty ?? [];
        }
        catch (NotReadyException)
        {
            return _ => [];
        }
    }

    private static AdmissionAnswer? Refuse(Problem? problem) => problem is null ? null : AdmissionAnswer.Invalid($"{problem}.");

    private async Task<AdmissionAnswer?> CheckSealAsync(AdmissionWrite write, CancellationToken cancellationToken)
    {
        var o = write.Object!;
        if (await keyring.FitsAsync(o, cancellationToken)) return null;
        if (write.IsDryRun && Seal.Of(o) == Seal.DryRun) return null;

        // What had no good seal before may stay without one, as the mutating webhook leaves it.
        if (write.Old is { } old && Seal.Of(o) == Seal.Of(old) && await keyring.VerifyAsync(old, cancellationToken) is not SealState.Valid
            && StaysUnsealed(old, o)) return null;
        if (TakesAway(write))
        {
            return AdmissionAnswer.Allow() with
            {
                Warnings = [write.Old is { } before && keyring.IsDoubtful(before)
                    ? "This write ends access, so it is accepted. Because a compromised seal key is being replaced, it has no valid seal: ask a person who is "
                        + $"allowed to bind the roles to request one with 'kubectl annotate --overwrite {before.KindName.ToLowerInvariant()} "
                        + $"{before.Metadata.Name} {Seal.Annotation}=renew'."
                    : "This write ends access, so it is accepted. The mutating webhook's seal is missing, so the record names the person who did it as "
                        + "unknown: ask the platform team to check MutatingWebhookConfiguration breakglass-operator."],
            };
        }

        return AdmissionAnswer.Deny(
            "The author of this object cannot be verified: the mutating webhook's seal is missing or no longer matches. "
            + "Ask the platform team to check whether MutatingWebhookConfiguration breakglass-operator exists, and which other webhooks change objects of "
                + "breakglass.dev.");
    }

    /// <summary>Whether a write only takes access away, for which nobody's word is needed. What else it may change is checked before.</summary>
    private static bool TakesAway(AdmissionWrite write) => write switch
    {
        { Old: null, Object: BreakGlassLockdown } => true,
        { Old: BreakGlassGrant { Spec.Revoke: null }, Object: BreakGlassGrant { Spec.Revoke: not null } } => true,
        { Old: BreakGlassPolicy before, Object: BreakGlassPolicy after } => PolicyChanges.OnlySuspends(before, after),
        { Old: BreakGlassAuthority before, Object: BreakGlassAuthority after } => AuthorityChanges.OnlyRestricts(before, after),
        _ => false,
    };

    private static bool StaysUnsealed(IKubernetesObject<V1ObjectMeta> old, IKubernetesObject<V1ObjectMeta> o) => (old, o) switch
    {
        (BreakGlassPolicy before, BreakGlassPolicy after) => Seal.SameSpec(before, after) || PolicyChanges.OnlySuspends(before, after),
        (BreakGlassAuthority before, BreakGlassAuthority after) => Seal.SameSpec(before, after) || AuthorityChanges.OnlyRestricts(before, after),
        _ => true,
    };
}
