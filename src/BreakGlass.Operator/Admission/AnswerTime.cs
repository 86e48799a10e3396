namespace BreakGlass.Operator.Admission;

/// <summary>How much time there is to decide on a write. A sentence from us helps more than the API server's time-out, so it comes before that.</summary>
internal static class AnswerTime
{
    /// <summary>What the shipped webhook configurations say; for a caller who does not say how long it waits.</summary>
    private static readonly TimeSpan Unsaid = TimeSpan.FromSeconds(5);

    /// <summary>The most that a webhook configuration can say.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(30);

    /// <summary>What the answer may take on its way back; a fifth where the API server does not wait for 5 s.</summary>
    private static readonly TimeSpan WayBack = TimeSpan.FromSeconds(1);

    /// <summary>The time from now on; zero if it is over.</summary>
    public static TimeSpan Left(AdmissionRequest request)
    {
        var wait = GoDuration.TryParse(request.Wait?.Timeout, out var said) && said > TimeSpan.Zero ? said : Unsaid;
        if (wait > Most) wait = Most;
        var wayBack = wait / 5 < WayBack ? wait / 5 : WayBack;
        var left = wait - wayBack - (request.Wait?.Spent ?? TimeSpan.Zero);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
