using System.Security.Cryptography;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Operator.Admission;

/// <summary>
/// The mutating webhook: writes who asks into the object, whatever the manifest said, and seals it. A policy is sealed only for an author who could
/// hand out by hand what it hands out, so a seal is the proof of that as well. Idempotent: it may be asked twice about one write.
/// </summary>
internal sealed class Mutator(
    KubeClient client, SealKeyring keyring, CoreSettings settings, AuthorRights rights, Func<ClusterView> cluster,
    Func<IEnumerable<BreakGlassPolicy>> policies,
    Func<DateTimeOffset> serverNow)
{
    private const int LongestAuthor = 1024;
    private const string Consonants = "bcdfghjklmnpqrstvwxz2456789";

    public async ValueTask<AdmissionAnswer> HandleAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (AdmissionWrite.Read(request, out var write) is { } unreadable) return unreadable;
        if (!string.IsNullOrEmpty(request.SubResource)) return AdmissionAnswer.Allow();
        return request.Operation switch
        {
            "CREATE" => await CreateAsync(write, cancellationToken),
            "UPDATE" => await UpdateAsync(write, cancellationToken),
            _ => AdmissionAnswer.Allow(),
        };
    }

    private async ValueTask<AdmissionAnswer> CreateAsync(AdmissionWrite write, CancellationToken cancellationToken)
    {
        BreakGlassGrant? about = null;
        if (GrantNamedBy(write.Object!) is { } name)
        {
            about = await client.FindAsync<BreakGlassGrant>(name, cancellationToken);
            if (about is null)
            {
                return AdmissionAnswer.Invalid($"spec.grant: BreakGlassGrant '{name}' does not exist; list the grants with 'kubectl get bgg'.");
            }
        }

        var patch = new ObjectPatch(write.Request.Object!.Value);
        var spec = AdmissionWrite.SpecOf(write.Request.Object);
        var kept = await KeptAsync(write, about, cancellationToken);
        Stamps.OnCreate(write.Kind, spec, write.Caller, about?.Metadata.Uid, kept);
        if (write.Object is BreakGlassGrant { Spec.Voucher: { } text })
        {
            if (SignedVoucher.TryRead(text, out var unreadable) is not { } voucher) return AdmissionAnswer.Invalid($"spec.voucher: {unreadable}.");
            Stamps.ByVoucher(spec, voucher.Claims, write.Caller, kept);
        }

        patch.Spec(spec);
        var stamped = patch.Name(write.WithSpec(spec), NewName);
        if (stamped is BreakGlassPolicy policy)
        {
            if (await RefuseAuthorAsync(write, policy, cancellationToken) is { } refusal) return refusal;
            patch.Annotation(BreakGlassApi.AuthorAnnotation, AuthorOf(write));
        }

        if (stamped is BreakGlassAuthority authority)
        {
            if (await RefuseAuthorAsync(write, authority, cancellationToken) is { } refusal) return refusal;
            patch.Annotation(BreakGlassApi.AuthorAnnotation, AuthorOf(write));
        }

        patch.Annotation(Seal.Annotation, SealOf(write, stamped, serverNow(), before: null));

        // A decision is part of the record of its grant, and goes with it: the cluster's own garbage collector sees to that.
        if (about is not null) patch.Owner(about);
        return AdmissionAnswer.AllowWith(patch.Operations);
    }

    /// <summary>
    /// Judges an update by one state of the keys: a rotation that is read in the middle must not give what was believed before it another seal.
    /// </summary>
    private async ValueTask<AdmissionAnswer> UpdateAsync(AdmissionWrite write, CancellationToken cancellationToken)
    {
        for (;;)
        {
            var keys = keyring.Keys;
            var answer = await JudgeUpdateAsync(write, cancellationToken);
            if (ReferenceEquals(keys, keyring.Keys)) return answer;
        }
    }

    private async ValueTask<AdmissionAnswer> JudgeUpdateAsync(AdmissionWrite write, CancellationToken cancellationToken)
    {
        var old = write.Old!;
        var patch = new ObjectPatch(write.Request.Object!.Value);
        var spec = AdmissionWrite.SpecOf(write.Request.Object);
        Stamps.OnUpdate(write.Kind, spec, AdmissionWrite.SpecOf(write.Request.OldObject), write.Caller);
        patch.Spec(spec);
        var stamped = write.WithSpec(spec);

        // The mark that a grant has had its access: whoever may revoke a grant may not take it off, nor end one by it that is not over, in nobody's name.
        var ended = old.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.EndedAnnotation);
        if (ended is not null || (old is BreakGlassGrant grant && !grant.Status.IsTerminal)) patch.Annotation(BreakGlassApi.EndedAnnotation, ended);

        var state = await keyring.VerifyAsync(old, cancellationToken);

        // Somebody may have sealed it with a compromised key just now. Then its author is not known, as if it had been written past the webhooks.
        if (keyring.IsDoubtful(old) && !Revokes(old, stamped) && (keyring.IsDoubtful(stamped) || !await keyring.FitsAsync(stamped, cancellationToken)))
            state = SealState.Broken;
        DateTimeOffset? sealedAt = state is SealState.Valid && Seal.TryParse(Seal.Of(old), out var seal) ? seal.SealedAt : null;
        if (old is BreakGlassPolicy oldPolicy && stamped is BreakGlassPolicy policy)
        {
            var change = PolicyChanges.Of(oldPolicy, policy, state, cluster());
            patch.Annotation(BreakGlassApi.AuthorAnnotation,
                Seal.SameSpec(oldPolicy, policy) ? oldPolicy.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.AuthorAnnotation) : AuthorOf(write));
            if (change is PolicyChange.NeedsRights)
            {
                if (await RefuseAuthorAsync(write, policy, cancellationToken) is { } refusal) return refusal;
                sealedAt ??= old.Metadata.CreatedAt;
            }
        }

        if (old is BreakGlassAuthority was && stamped is BreakGlassAuthority authority)
        {
            patch.Annotation(BreakGlassApi.AuthorAnnotation,
                Seal.SameSpec(was, authority) ? was.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.AuthorAnnotation) : AuthorOf(write));
            var change = AuthorityChanges.Of(was, authority, state);
            if (change is PolicyChange.NeedsRights)
            {
                if (await RefuseAuthorAsync(write, authority, cancellationToken) is { } refusal) return refusal;
                sealedAt ??= old.Metadata.CreatedAt;
            }
            else if (change is PolicyChange.Keeps && keyring.IsDoubtful(was) && !Seal.SameSpec(was, authority)
                && await MayGiveAsync(write, authority, cancellationToken))
            {
                sealedAt ??= old.Metadata.CreatedAt;
            }
        }

        // What admission does not vouch for stays so: an update is no way round the create.
        patch.Annotation(Seal.Annotation, sealedAt is { } at ? SealOf(write, stamped, at, before: Seal.Of(old)) : Seal.Of(old));
        if (!LosesFinalizer(write)) return AdmissionAnswer.AllowWith(patch.Operations);
        patch.Finalizer(BreakGlassApi.RevokeFinalizer);
        return AdmissionAnswer.AllowWith(patch.Operations) with { Warnings = [$"The finalizer {BreakGlassApi.RevokeFinalizer} stays: the operator removes it "
            + "when the policy's grants have ended."] };
    }

    /// <summary>
    /// Whether a write ends access, so that no seal of what it leaves can open any: to lift a suspension needs the rights of an author.
    /// </summary>
    private static bool Revokes(IKubernetesObject<V1ObjectMeta> old, IKubernetesObject<V1ObjectMeta> o) => (old, o) switch
    {
        (BreakGlassGrant { Spec.Revoke: null }, BreakGlassGrant { Spec.Revoke: not null }) => true,
        (BreakGlassPolicy before, BreakGlassPolicy after) => PolicyChanges.OnlySuspends(before, after),
        (BreakGlassAuthority before, BreakGlassAuthority { Spec.Suspended: true } after) => AuthorityChanges.OnlyRestricts(before, after),
        _ => false,
    };

    /// <summary>Whether the caller may write the whole authority. False also if that cannot be found out: a restriction is never refused.</summary>
    private async Task<bool> MayGiveAsync(AdmissionWrite write, BreakGlassAuthority authority, CancellationToken cancellationToken)
    {
        try
        {
            return await RefuseAuthorAsync(write, authority, cancellationToken) is null;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether a policy is replaced as a whole by a manifest that does not know the operator's finalizer, as <c>kubectl replace</c> does it.
    /// </summary>
    private bool LosesFinalizer(AdmissionWrite write) =>
        write is { Old: BreakGlassPolicy old, Object: BreakGlassPolicy policy } && old.FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer)
        && !policy.FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer) && !KnownUsers.IsOurs(write.User.Username ?? "", settings);

    /// <summary>
    /// What of the caller the write is stamped with. A policy that comes later, or names other groups later, finds the person without them, and gives nothing:
    /// what was not asked about when the request was made is not known.
    /// </summary>
    private async Task<CallerStamp> KeptAsync(AdmissionWrite write, BreakGlassGrant? about, CancellationToken cancellationToken)
    {
        var name = ((write.Object as BreakGlassGrant) ?? about)?.Spec.Policy;
        if (string.IsNullOrEmpty(name)) return CallerStamp.By([], settings);

        // Nothing is stored of a rehearsal, and on servers before 1.27 the plugin finds out by it which policies are for whom.
        var others = write.IsDryRun && about is null ? policies() : [];
        return CallerStamp.By(
            [.. await client.FindAsync<BreakGlassPolicy>(name, cancellationToken) is { } policy ? (BreakGlassPolicy[])[policy] : [], .. others], settings);
    }

    private async Task<AdmissionAnswer?> RefuseAuthorAsync(AdmissionWrite write, BreakGlassPolicy policy, CancellationToken cancellationToken)
    {
        var missing = await rights.MissingAsync(write.User, policy.Spec.Access, cancellationToken);
        if (missing.Count == 0) return null;
        var more = missing.Count > 5 ? $", and {missing.Count - 5} more" : "";
        return AdmissionAnswer.Deny(
            $"spec.access: '{Callers.Shown(write.Caller)}' is not allowed to give {string.Join(", ", missing.Take(5))}{more}. A policy can give only roles "
                + "that its author is allowed to bind: "
            + "request the verb bind on these roles (apiGroup rbac.authorization.k8s.io), or ask a person who has it to apply the policy.");
    }

    /// <summary>The keys of an authority give what the policies give that accept its vouchers.</summary>
    private async Task<AdmissionAnswer?> RefuseAuthorAsync(AdmissionWrite write, BreakGlassAuthority authority, CancellationToken cancellationToken)
    {
        var name = authority.Metadata.Name;
        var accepting = (await client.ListAsync<BreakGlassPolicy>(new(), cancellationToken)).Items.Where(p => p.Spec.Vouchers?.Authority == name).ToList();
        var missing = await rights.MissingAsync(write.User, [.. accepting.SelectMany(p => p.Spec.Access)], cancellationToken);
        if (missing.Count == 0) return null;
        var more = missing.Count > 5 ? $", and {missing.Count - 5} more" : "";
        return AdmissionAnswer.Deny(
            $"spec: '{Callers.Shown(write.Caller)}' is not allowed to give {string.Join(", ", missing.Take(5))}{more}. The keys of an authority can give all "
                + "that the policies give that accept its vouchers, so its author must be allowed to bind their roles: request the verb bind on these roles "
                + "(apiGroup rbac.authorization.k8s.io), or ask a person who has it to apply the authority. Suspending it, removing keys and naming vouchers "
                + "in spec.revoked needs no such right.");
    }

    private string? SealOf(AdmissionWrite write, IKubernetesObject<V1ObjectMeta> o, DateTimeOffset sealedAt, string? before)
    {
        if (!keyring.IsReady) throw new NotReadyException("the seal keys are not available yet");
        var text = keyring.Make(o, sealedAt).ToString();

        // A dry run gives nobody a seal that they could use; but where nothing changes, it shows that nothing does.
        return write.IsDryRun && text != before ? Seal.DryRun : text;
    }

    /// <summary>A name of any length must not keep a policy from being stored.</summary>
    private static string AuthorOf(AdmissionWrite write) =>
        write.Caller.Username is { Length: > LongestAuthor } name ? name[..LongestAuthor] : write.Caller.Username;

    private static string? GrantNamedBy(IKubernetesObject<V1ObjectMeta> o) => o switch
    {
        BreakGlassApproval approval => approval.Spec.Grant,
        BreakGlassReview review => review.Spec.Grant,
        _ => null,
    };

    // The API server makes the name of generateName only after admission, and the seal is over the name.
    private static string NewName(string prefix)
    {
        var head = prefix.Length > Bounds.LongestName - 5 ? prefix[..(Bounds.LongestName - 5)] : prefix;
        return head + RandomNumberGenerator.GetString(Consonants, 5);
    }
}
