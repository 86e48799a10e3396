using System.Globalization;
using System.Net;
using BreakGlass.Operator.Notifications;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TestKit;

namespace BreakGlass.Operator.Tests.Notifications;

/// <summary>A receiver of notifications on a port of this machine. It answers what the test says, 200 where that says nothing.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly Signal _changed = new();
    private readonly Lock _gate = new();
    private readonly List<ReceivedMessage> _received = [];
    private readonly Queue<(int Code, string? RetryAfter)> _answers = new();
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Receiver(WebApplication web) => _web = web;

    public Uri Url { get; private set; } = null!;

    /// <summary>Leaves every request unanswered.</summary>
    public bool IsDead { get; init; }

    /// <summary>The body of its answers.</summary>
    public byte[] AnswerBody { get; set; } = [];

    public IReadOnlyList<ReceivedMessage> All
    {
        get { lock (_gate) return [.. _received]; }
    }

    public static async Task<Receiver> StartAsync(bool dead = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        var receiver = new Receiver(builder.Build()) { IsDead = dead };
        receiver._web.Run(receiver.TakeAsync);
        await receiver._web.StartAsync();
        receiver.Url = new(receiver._web.Urls.Single());
        return receiver;
    }

    public void Answers(params (int Code, string? RetryAfter)[] answers)
    {
        lock (_gate)
        {
            foreach (var answer in answers) _answers.Enqueue(answer);
        }
    }

    public Task GotAsync(int count) => _changed.Until(() => All.Count >= count, $"{count} requests", () => $"there were {All.Count}");

    public ReceiverSettings Settings(ReceiverType type, string name = "test", string path = "/hook") => new()
    {
        Name = name, Type = type, Url = new(new Uri(Url, path).ToString()),
        Key = type is ReceiverType.Webhook ? new("whsec_" + Convert.ToBase64String(new byte[32])) : type is ReceiverType.PagerDuty
            ? new("0123456789abcdef0123456789abcdef") : null,
    };

    public async ValueTask DisposeAsync()
    {
        _release.TrySetResult();
        await _web.StopAsync().Soon("the end of the receiver");
        await _web.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var answer = (Code: 200, RetryAfter: (string?)null);
        lock (_gate)
        {
            var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
            _received.Add(new(context.Request.Path, headers, body.ToArray()));
            if (_answers.Count > 0) answer = _answers.Dequeue();
        }

        _changed.Raise();
        if (IsDead) await _release.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.Response.StatusCode = answer.Code;
        if (AnswerBody.Length > 0) context.Response.ContentType = "application/x-protobuf";
        if (answer.RetryAfter is { } wait) context.Response.Headers.RetryAfter = wait.ToString(CultureInfo.InvariantCulture);
        await context.Response.Body.WriteAsync(AnswerBody);
    }
}
