namespace TestKit;

/// <summary>Something that goes wrong with a request.</summary>
public sealed record Fault
{
    private Fault()
    {
    }

    /// <summary>Waits this long on the fake clock before the server sees the request.</summary>
    public TimeSpan Delay { get; private init; }

    internal string Name { get; private init; } = "";

    internal ApiException? Error { get; private init; }

    internal FaultPoint Point { get; private init; }

    /// <summary>Two conflicting writes: 409.</summary>
    public static Fault Conflict { get; } = Answer(
        409, "Conflict", "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>500 InternalError.</summary>
    public static Fault InternalError { get; } = Answer(500, "InternalError", "Internal error occurred: injected");

    /// <summary>503 ServiceUnavailable.</summary>
    public static Fault Unavailable { get; } = Answer(503, "ServiceUnavailable", "the server is currently unable to handle the request");

    /// <summary>403 Forbidden.</summary>
    public static Fault Forbidden { get; } = Answer(403, "Forbidden", "forbidden: injected");

    /// <summary>401 Unauthorized.</summary>
    public static Fault Unauthorized { get; } = Answer(401, "Unauthorized", "Unauthorized");

    /// <summary>410 Expired.</summary>
    public static Fault Expired { get; } = Answer(410, "Expired", "The provided continue parameter is too old to display a consistent list result.");

    /// <summary>No connection: nothing reached the server.</summary>
    public static Fault Refused { get; } = new() { Name = "refused", Point = FaultPoint.Refused };

    /// <summary>The connection breaks while the request is sent: nothing was applied, which the client cannot know.</summary>
    public static Fault DroppedBeforeWrite { get; } = new() { Name = "dropped before write", Point = FaultPoint.Dropped };

    /// <summary>The request is carried out and its answer is lost.</summary>
    public static Fault LostAnswer { get; } = new() { Name = "lost answer", Point = FaultPoint.AnswerLost };

    /// <summary>No answer ever, and nothing is applied; ends when the client cancels.</summary>
    public static Fault Hang { get; } = new() { Name = "hang", Point = FaultPoint.Hang };

    /// <summary>The request is carried out, and no answer ever comes.</summary>
    public static Fault HangAfterWrite { get; } = new() { Name = "hang after write", Point = FaultPoint.HangAfter };

    /// <summary>Latency before the server sees the request, on the fake clock. Adds up with other latencies, and goes on to the next fault.</summary>
    public static Fault Latency(TimeSpan delay) => new() { Name = $"latency {delay}", Delay = delay };

    /// <summary>429 with Retry-After.</summary>
    public static Fault TooManyRequests(int retryAfterSeconds = 1) =>
        Answer(429, "TooManyRequests", "the server has received too many requests and has asked us to try again later", retryAfterSeconds);

    /// <summary>Any error answer.</summary>
    public static Fault Answer(int code, string reason, string message, int? retryAfterSeconds = null) =>
        new() { Name = $"{code} {reason}", Error = ApiException.Of(code, reason, message, retryAfterSeconds), Point = FaultPoint.Answer };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
