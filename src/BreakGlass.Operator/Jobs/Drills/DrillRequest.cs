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

    /// <summary>The key to which the credential is delivered.</summary>
    public DrillCredential Credential => _vouchers.Holder ?? _own;

    /// <summary>Creates the grant.</summary>
    public async Task<DrillAnswer> RequestAsync(CancellationToken cancellationToken)
    {
        var requested = Grant();
        var client = await requester.ClientAsync(cancellationToken);
        if (drill.Spec.Voucher is not { } set) return await CreateAsync(requested, client, $"Grant {grant.Name} was created.", cancellationToken);
        var (voucher, problem) = await _vouchers.TakeAsync(set.Secret, client, cancellationToken);
        if (voucher is null) return DrillAnswer.Failed(DrillReasons.NoVoucher, problem) with { NoGrant = true, VouchersLeft = 0 };
        var id = voucher.Voucher.Claims.Id;
        var answer = await CreateAsync(
            voucher.Present(requested, Credential.Prove(voucher.Voucher, grant.Name, tools.Time.GetUtcNow())), client,
            $"Grant {grant.Name} was created by voucher {id}. Vouchers that are left: {voucher.Left}.", cancellationToken);
        return answer with { Voucher = id, VouchersLeft = voucher.Left };
    }

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

    private async Task<DrillAnswer> CreateAsync(BreakGlassGrant requested, KubeClient client, string created, CancellationToken cancellationToken)
    {
        try
        {
            grant.Last = await client.CreateAsync(requested, cancellationToken);
            return DrillAnswer.Passed(created);
        }
        catch (KubeApiException e) when (e.IsInvalid || e.IsForbidden || e.IsUnauthorized || e.IsNotFound || (int)e.Code == 400)
        {
            return DrillAnswer.Failed(DrillReasons.RequestRefused, e.Status.Message ?? e.Message) with { NoGrant = true };
        }
    }
}
