using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>Requests the grant of a run, with a voucher if the drill uses them.</summary>
/// <param name="tools">What runs share.</param>
/// <param name="drill">The drill.</param>
/// <param name="run">The run.</param>
/// <param name="grant">The grant of the run.</param>
/// <param name="requester">Creates it.</param>
internal sealed class DrillRequest(DrillTools tools, BreakGlassDrill drill, DrillRun run, RunGrant grant, DrillIdentity requester) : IDisposable
{
    private readonly DrillCredential _own = DrillCredential.Create();
    private readonly DrillVouchers _vouchers = new(tools, drill, grant.Name);
    private BreakGlassGrant? _requested;
    private DrillVoucher? _voucher;
    private bool _mayExist;

    /// <summary>The key to which the credential is delivered.</summary>
    public DrillCredential Credential => _vouchers.Holder ?? _own;

    /// <summary>Creates the grant.</summary>
    public async Task<DrillAnswer> RequestAsync(CancellationToken cancellationToken)
    {
        var answer = await RepeatAsync(tools.Time, async () =>
        {
            var client = await requester.ClientAsync(cancellationToken);
            if (_requested is null && drill.Spec.Voucher is { } set)
            {
                (_voucher, var problem) = await _vouchers.TakeAsync(set.Secret, client, cancellationToken);
                if (_voucher is null) return DrillAnswer.Failed(DrillReasons.NoVoucher, problem) with { NoGrant = true, VouchersLeft = 0 };
                _requested = _voucher.Present(Grant(), Credential.Prove(_voucher.Voucher, grant.Name, tools.Time.GetUtcNow()));
            }

            return await CreateAsync(_requested ??= Grant(), client, cancellationToken);
        }, cancellationToken);
        return _voucher is { } taken ? answer with { Voucher = taken.Voucher.Claims.Id, VouchersLeft = taken.Left } : answer;
    }

    /// <summary>Tries a write again while the API server or the network fails. Any other answer of the API server is a failure at once.</summary>
    /// <param name="time">Clock.</param>
    /// <param name="write">Gives the answer; null to try again.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static Task<DrillAnswer> RepeatAsync(TimeProvider time, Func<Task<DrillAnswer?>> write, CancellationToken cancellationToken) =>
        new Polling(time).UntilAsync(async () =>
        {
            try
            {
                return await write();
            }
            catch (Exception e) when (Polling.IsOutage(e) && !MayPass(e))
            {
                return DrillAnswer.Failed(DrillReasons.ServerError, e.Message);
            }
        }, Polling.Usual, () => DrillAnswer.Failed(DrillReasons.ServerError, "The API server did not say in time what it has."), cancellationToken);

    /// <summary>Whether the next attempt can succeed. What failed so may have been done all the same.</summary>
    internal static bool MayPass(Exception e) =>
        e is KubeConnectionException or KubeApiException { IsServerError: true } or KubeApiException { IsTooManyRequests: true };

    /// <inheritdoc/>
    public void Dispose()
    {
        _own.Dispose();
        _vouchers.Dispose();
    }

    private BreakGlassGrant Grant()
    {
        var isBound = tools.Caches.Policy(drill.Spec.Policy)?.Spec.Credential is CredentialKind.BindRequester;
        return new()
        {
            Metadata = new() { Name = grant.Name, Labels = new Dictionary<string, string> { [BreakGlassApi.DrillLabel] = drill.Metadata.Name } },
            Spec = new()
            {
                Policy = drill.Spec.Policy,
                Justification = $"Drill {drill.Metadata.Name}, run {run.Id}: a rehearsal by the operator. No person uses this access.",
                Duration = drill.Spec.Duration,
                RecipientKey = isBound ? null : _own.PublicKey,

                // Admission stamps who really asks.
                Requester = new() { Username = DrillRules.User(tools.Settings) },
            },
        };
    }

    private async Task<DrillAnswer?> CreateAsync(BreakGlassGrant requested, KubeClient client, CancellationToken cancellationToken)
    {
        try
        {
            grant.Last = await client.CreateAsync(requested, cancellationToken);
        }
        catch (Exception e) when (MayPass(e))
        {
            _mayExist = true;
            throw;
        }
        catch (KubeApiException e) when (e.IsAlreadyExists || IsRefusal(e))
        {
            // The answer of an earlier attempt may be lost, and admission may refuse its repetition, for example because its voucher is used.
            var found = _mayExist ? await client.TryGetAsync<BreakGlassGrant>(grant.Name, null, cancellationToken) : null;
            if (found is null || !IsOwn(found, requested))
            {
                return IsRefusal(e) ? DrillAnswer.Failed(DrillReasons.RequestRefused, e.Status.Message ?? e.Message) with { NoGrant = found is null }
                    : DrillAnswer.Failed(DrillReasons.ServerError, e.Message);
            }

            grant.Last = found;
        }

        return DrillAnswer.Passed(_voucher is { } taken
            ? $"Grant {grant.Name} was created by voucher {taken.Voucher.Claims.Id}. Vouchers that are left: {taken.Left}."
            : $"Grant {grant.Name} was created.");
    }

    private static bool IsRefusal(KubeApiException e) => e.IsInvalid || e.IsForbidden || e.IsUnauthorized || e.IsNotFound || (int)e.Code == 400;

    /// <summary>
    /// Whether a grant is the one that this run requested, and not another one of its name: who requests it is sealed, and the key is the run's.
    /// </summary>
    private bool IsOwn(BreakGlassGrant found, BreakGlassGrant requested) => DrillRules.IsDrill(found, tools.Settings)
        && DrillRules.NamedBy(found) == drill.Metadata.Name
        && found.Spec.Policy == requested.Spec.Policy && found.Spec.Justification == requested.Spec.Justification
        && found.Spec.Duration == requested.Spec.Duration && found.Spec.RecipientKey == requested.Spec.RecipientKey
        && found.Spec.Voucher == requested.Spec.Voucher && found.Spec.VoucherProof == requested.Spec.VoucherProof;
}
