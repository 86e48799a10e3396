namespace BreakGlass.Operator.Admission;

/// <summary>Around every decision: a deadline, and a refusal that says what to do where something that the decision needs cannot be had.</summary>
internal sealed class FailClosed(TimeProvider time, ILogger logger)
{
    /// <summary>The uid of this process' own requests. That one of them is refused, or cannot be checked, is nobody's loss, and is not logged.</summary>
    public string? OwnUid { get; init; }

    /// <summary>A handler that always answers in time, and lets nothing in that it could not check.</summary>
    public AdmissionHandler Around(AdmissionHandler decide) => async (request, cancellationToken) =>
    {
        using var deadline = new CancellationTokenSource(AnswerTime.Left(request), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        AdmissionAnswer answer;
        try
        {
            answer = await decide(request, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            answer = NotNow(request, "the API server did not answer the operator in time", e);
        }
        catch (KubeApiException e)
        {
            answer = NotNow(request, $"the API server refused a request of the operator ({(int)e.Code} {e.Status.Reason})", e);
        }
        catch (Exception e) when (e is KubeConnectionException or KubeConfigException)
        {
            answer = NotNow(request, "the operator cannot reach the API server", e);
        }
        catch (NotReadyException e)
        {
            answer = NotNow(request, e.Message, e);
        }

        if (!answer.Allowed && request.Uid != OwnUid) logger
            .AdmissionRefused(request.Operation ?? "", request.Kind?.Kind ?? "", request.Name ?? "", request.UserInfo?.Username ?? "", answer.Message ?? "");
        return answer;
    };

    private AdmissionAnswer NotNow(AdmissionRequest request, string why, Exception e)
    {
        if (request.Uid != OwnUid) logger.AdmissionUndecided(request.Operation ?? "", request.Kind?.Kind ?? "", request.Name ?? "", e);
        return AdmissionAnswer.Deny($"The operator cannot check this request now because {why}, so it refuses it. Try again in a few seconds; "
            + "if it fails again, check the operator's log.", 503, "ServiceUnavailable");
    }
}
