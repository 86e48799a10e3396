using System.Buffers.Binary;
using System.Security.Cryptography;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Core.Sessions;

/// <summary>
/// Knows the requests that were counted, so that each counts once: an API server posts a batch again if it got no answer, and a stream has two events. It
/// remembers the last requests, and every stream that is open. Not thread-safe.
/// </summary>
/// <remarks>
/// The auditID alone does not identify a request: clients choose it with the header Audit-ID. The time at which the API server received the request, with
/// its microseconds, is not theirs to choose. If a grant goes through the gateway, the gateway chooses the auditID and no client learns it: there it is
/// enough, so that a request that both the gateway and the API server report counts once.
/// </remarks>
/// <param name="capacity">How many requests are remembered at least; up to twice as many are.</param>
public sealed class RequestLedger(int capacity = 20_000)
{
    /// <summary>The most open streams that are remembered. The end of a further one counts as a request.</summary>
    public const int MostStreams = 10_000;

    private readonly Dictionary<UInt128, OpenStream> _open = [];
    private HashSet<UInt128> _done = [];
    private HashSet<UInt128> _doneBefore = [];

    /// <summary>The streams that are open.</summary>
    public IEnumerable<OpenStream> Open => _open.Values;

    /// <summary>Takes an event in and says what is new about it.</summary>
    public RequestStep Take(AuditEvent happened, BreakGlassGrant grant)
    {
        if (happened.Stage is "RequestReceived") return RequestStep.Known;
        var key = KeyOf(happened, grant);
        if (_done.Contains(key) || _doneBefore.Contains(key)) return RequestStep.Known;
        var isOpen = _open.TryGetValue(key, out var stream);
        if (happened.Stage is "ResponseStarted")
        {
            if (isOpen && happened.IsReport) _open[key] = stream! with { IsByGateway = true };
            if (isOpen) return RequestStep.Known;
            if (_open.Count < MostStreams)
            {
                _open[key] = new(grant.Metadata.Name, grant.Metadata.Uid ?? "", SessionRows.Describe(happened), happened.ReceivedAt)
                {
                    IsByGateway = happened.IsReport,
                };
                return RequestStep.Opened;
            }
        }

        _open.Remove(key);
        if (_done.Count >= capacity) (_doneBefore, _done) = (_done, []);
        _done.Add(key);
        return isOpen ? RequestStep.Closed : happened.HasBegun ? RequestStep.ClosedElsewhere : RequestStep.Done;
    }

    /// <summary>Forgets the streams of a grant, because they were reported.</summary>
    public void Forget(string grantUid)
    {
        foreach (var (key, _) in _open.Where(s => s.Value.GrantUid == grantUid).ToList())
        {
            _open.Remove(key);
            _done.Add(key);
        }
    }

    /// <summary>The ID by which replicas know a request again, in any of its stages: a digest, 11 characters.</summary>
    /// <param name="happened">One of its events, as it was posted.</param>
    /// <param name="grant">Whose request it is.</param>
    public static string IdOf(AuditEvent happened, BreakGlassGrant grant) => Base64UrlText.Encode(DigestOf(happened, grant).AsSpan(0, 8));

    private static UInt128 KeyOf(AuditEvent happened, BreakGlassGrant grant) => BinaryPrimitives.ReadUInt128BigEndian(DigestOf(happened, grant));

    private static byte[] DigestOf(AuditEvent happened, BreakGlassGrant grant) => SHA256.HashData(Encoding.UTF8.GetBytes(
        grant.Status.Path is SessionPath.Gateway
            ? $"{grant.Metadata.Uid}\n{happened.AuditId}"
            : $"{happened.AuditId}\n{happened.ReceivedAt.UtcTicks}\n{happened.Verb}\n{happened.Username}\n{happened.RequestUri}"));
}
