using System.Net.Sockets;

namespace TestKit;

/// <summary>
/// One client's way to a <see cref="FakeApiServer"/>, and that client's fate: faults strike here, and it can die.
/// </summary>
public sealed class FakeApiHandler : HttpMessageHandler
{
    private readonly FakeApiServer _server;
    private readonly CancellationTokenSource _death = new();
    private readonly TaskCompletionSource _died = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _dead;
    private int _writes;
    private int? _lastWrite;
    private bool _lastAnswerLost;

    internal FakeApiHandler(FakeApiServer server, FakeUser user, string client) => (_server, User, Client) = (server, user, client);

    /// <summary>Whom requests come from unless they carry a bearer token.</summary>
    public FakeUser User { get; }

    /// <summary>The client's name in log and faults.</summary>
    public string Client { get; }

    /// <summary>How many writes of this client took effect.</summary>
    public int Writes => Volatile.Read(ref _writes);

    /// <summary>Whether it is dead: every request fails and its watches are broken off.</summary>
    public bool IsDead => _dead;

    /// <summary>Completes when it dies.</summary>
    public Task Died => _died.Task;

    /// <summary>
    /// Dies right after its <paramref name="n"/>-th write from now has taken effect, as a process that is killed there. With 0 it dies at once.
    /// </summary>
    /// <param name="n">How many writes it lives to see.</param>
    /// <param name="answerLost">Whether the answer to the last of them is lost, too.</param>
    public void KillAfterWrite(int n, bool answerLost = false)
    {
        _server.WithGate(() => (_lastWrite, _lastAnswerLost) = (_writes + n, answerLost));
        if (n == 0) Kill();
    }

    /// <summary>Dies now.</summary>
    public void Kill()
    {
        _dead = true;
        _death.Cancel();
        _server.Watches.Break(w => w.Call.Client == Client);
        _died.TrySetResult();
        _server.Changed.Raise();
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        var call = ApiCall.Parse(Client, request);
        if (IsDead) throw Refused();
        var (latency, fault) = _server.Faults.Strike(call);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _death.Token);
        try
        {
            if (latency > TimeSpan.Zero) await Task.Delay(latency, _server.Clock, either.Token).ConfigureAwait(false);
            return await Carry(call, fault, request, body, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (IsDead && !cancellationToken.IsCancellationRequested)
        {
            throw Broken();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _death.Dispose();
        base.Dispose(disposing);
    }

    private async Task<HttpResponseMessage> Carry(ApiCall call, Fault? fault, HttpRequestMessage request, byte[] body, CancellationToken either)
    {
        switch (fault?.Point)
        {
            case FaultPoint.Answer:
                _server.Requests.Add(call, User.Name, (int)fault.Error!.Code, fault.Name);
                return Of(request, _server.Error(fault.Error!));
            case FaultPoint.Refused:
                _server.Requests.Add(call, User.Name, 0, fault.Name);
                throw Refused();
            case FaultPoint.Dropped:
                _server.Requests.Add(call, User.Name, 0, fault.Name);
                throw Broken();
            case FaultPoint.Hang:
                _server.Requests.Add(call, User.Name, 0, fault.Name);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, either).ConfigureAwait(false);
                break;
        }

        var last = false;
        HttpResponseMessage? response = null;
        _server.WithGate(() =>
        {
            if (IsDead) return;
            response = _server.Execute(call, User, request, body, fault?.Name, code => last = CountWrite(call, code));
        });
        if (response is null) throw Broken();
        if (last) Kill();
        if ((last && _lastAnswerLost) || fault?.Point == FaultPoint.AnswerLost)
        {
            response.Dispose();
            throw Broken();
        }

        if (fault?.Point == FaultPoint.HangAfter)
        {
            response.Dispose();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, either).ConfigureAwait(false);
        }

        return Of(request, response);
    }

    private bool CountWrite(ApiCall call, int code)
    {
        if (!call.IsWrite || code is < 200 or >= 300) return false;
        _writes++;
        if (_writes != _lastWrite) return false;
        _dead = true;
        return true;
    }

    private static HttpResponseMessage Of(HttpRequestMessage request, HttpResponseMessage response)
    {
        response.RequestMessage = request;
        response.Version = request.Version;
        return response;
    }

    private static HttpRequestException Refused() =>
        new(HttpRequestError.ConnectionError, "Connection refused (fake API server)", new SocketException((int)SocketError.ConnectionRefused));

    private static HttpRequestException Broken() =>
        new(HttpRequestError.ResponseEnded, "The response ended prematurely. (fake API server)", new HttpIOException(HttpRequestError.ResponseEnded));
}
