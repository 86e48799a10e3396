using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Proxying;
using BreakGlass.Gateway.Reporting;

namespace BreakGlass.Gateway.Cutting;

/// <summary>One request or stream that a grant has open.</summary>
internal sealed class OpenRequest(OpenGrants all, OpenGrant grant, ClientConnection connection, RequestHead head) : IDisposable
{
    private readonly CancellationTokenSource _cut = new();
    private Refusal? _why;

    /// <summary>The connection that it came on.</summary>
    public ClientConnection Connection => connection;

    /// <summary>What it asks for.</summary>
    public RequestHead Head => head;

    /// <summary>The grant.</summary>
    public OpenGrant Grant => grant;

    /// <summary>Its ID at the API server and in every record. Random, and never the client's.</summary>
    public string AuditId { get; } = $"{Guid.NewGuid()}";

    /// <summary>The bytes that go over it.</summary>
    public Traffic Traffic { get; } = new();

    /// <summary>What is reported of it; null for nothing.</summary>
    public ReportedRequest? Report { get; set; }

    /// <summary>Cancelled when the grant is no longer admitted.</summary>
    public CancellationToken Cut => _cut.Token;

    /// <summary>Why it was cut; null if it was not.</summary>
    public Refusal? Why => Volatile.Read(ref _why);

    /// <summary>Has it end; the code that carries it out writes the last words.</summary>
    public bool CutBy(Refusal why)
    {
        if (Interlocked.CompareExchange(ref _why, why, null) is not null) return false;

        // Not here: what a cancellation sets off may take a while, and hundreds may be cut at once.
        _ = CancelAsync();
        return true;
    }

    public void Dispose() => all.Close(this);

    private async Task CancelAsync()
    {
        try
        {
            await _cut.CancelAsync();
        }
        catch (AggregateException)
        {
            // A part of the request that failed as it was cancelled has ended as well.
        }
    }
}
