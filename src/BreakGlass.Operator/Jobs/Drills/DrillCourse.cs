using System.Security.Cryptography;
using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>
/// Carries out the steps of one run, by the path that people use: the grant goes through the webhooks under the drill's own identity, and its access is used
/// with its own credential. What the steps mean for the run is decided in Core.
/// </summary>
internal sealed class DrillCourse : IDisposable
{
    private readonly DrillIdentity _requester;
    private readonly DrillIdentity _approver;
    private readonly DrillRequest _request;
    private readonly DrillApproval _approval;
    private readonly DrillAccess _access;
    private readonly DrillEnding _ending;
    private readonly DrillRecord _record;

    public DrillCourse(DrillTools tools, BreakGlassDrill drill, DrillRun run)
    {
        var ns = tools.Settings.OperatorNamespace;
        _requester = new(tools.Client, ns, DrillRules.Requester, tools.Time);
        _approver = new(tools.Client, ns, DrillRules.Approver, tools.Time);
        var polling = new Polling(tools.Time);
        var grant = new RunGrant(run.Grant!, _requester, polling);
        _request = new(tools, drill, run, grant, _requester);
        _approval = new(tools, drill, grant, _approver);
        _access = new(tools, run, grant, _requester, polling);
        _ending = new(run, grant, _requester, polling, tools.Time);
        _record = new(tools, run, grant, _requester, polling);
    }

    /// <summary>Carries out a step. What the API server or a network fails at is an answer, not an exception.</summary>
    public async Task<DrillAnswer> DoAsync(DrillStep step, CancellationToken cancellationToken)
    {
        try
        {
            return await (step switch
            {
                DrillStep.Request => _request.RequestAsync(cancellationToken),
                DrillStep.Approval => _approval.ApproveAsync(cancellationToken),
                DrillStep.Access => _access.OpenAsync(_request.Credential, cancellationToken),
                DrillStep.Use => _access.UseAsync(cancellationToken),
                DrillStep.Hold => _access.HoldAsync(cancellationToken),
                DrillStep.Expiry => _ending.ExpireAsync(cancellationToken),
                DrillStep.Revocation => _ending.RevokeAsync(cancellationToken),
                DrillStep.Denial => _access.DenialAsync(cancellationToken),
                DrillStep.Proof => _ending.ProveAsync(cancellationToken),
                DrillStep.Journal => _record.JournalAsync(cancellationToken),
                DrillStep.Events => _record.EventsAsync(cancellationToken),
                DrillStep.Metrics => _record.MetricsAsync(cancellationToken),
                DrillStep.Notifications => _record.NotificationsAsync(cancellationToken),
                _ => _record.AuditAsync(cancellationToken),
            });
        }
        catch (Exception e) when (Polling.IsOutage(e))
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
        _access.Dispose();
        _requester.Dispose();
        _approver.Dispose();
        _request.Dispose();
    }
}
