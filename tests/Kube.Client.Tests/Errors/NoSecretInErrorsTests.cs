using System.Collections;
using System.Net;
using System.Reflection;
using System.Text;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

/// <summary>
/// What is thrown ends in logs, some of which walk all properties of an exception: neither what was sent nor what it was sent with may be in it.
/// </summary>
public sealed class NoSecretInErrorsTests
{
    private const string Token = "eyJhbGciOi.s3cret.t0ken";
    private const string Body = "h1dden-b0dy";

    public static TheoryData<string> Failures => new(
        "refused", "invalid", "conflict", "unauthorized", "a proxy's page", "no JSON",
        "reset before the answer", "reset within the answer", "no answer in time", "no server");

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task An_error_holds_neither_the_body_nor_the_credentials_of_its_request(string failure)
    {
        await using var server = new RawServer((_, stream, socket) => AnswerAsync(failure, stream, socket));
        var connection = new ClusterConnection { Server = failure == "no server" ? new("http://127.0.0.1:1") : server.Address, Token = Token };
        var deadline = failure == "no answer in time" ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromSeconds(20);
        using var client = new KubeClient(connection, TimeProvider.System, new() { MaxTries = 1, RequestTimeout = deadline });
        var secret = new V1Secret { Metadata = new() { Name = "s", NamespaceProperty = "n" }, StringData = new Dictionary<string, string> { ["k"] = Body } };
        var annotations = new Dictionary<string, string> { ["k"] = Body };
        var account = new V1ServiceAccount { Metadata = new() { Name = "s", NamespaceProperty = "n", Annotations = annotations } };
        Func<Task>[] calls =
        [
            () => client.CreateAsync(secret, default),
            () => client.CreateAsync(account, default),
            () => client.ReplaceAsync(account, default),
            () => client.MergePatchAsync<V1ServiceAccount>("s", "n", new() { ["k"] = Body }, default),
            () => client.CreateAsync(TokenReview.Of(Body), default),
            () => client.CreateTokenAsync("n", "s", new TokenRequest { Spec = new() { Audiences = [Body] } }, default),
            () => client.GetAsync<V1Secret>("s", "n", default),
        ];

        foreach (var call in calls)
        {
            var error = await CatchAsync(call);

            error.Should().Match(e => e is KubeApiException || e is KubeConnectionException);
            var told = Told(error).ToList();
            told.Should().Contain(error.Message);
            told.Should().NotContain(text => text.Contains(Token, StringComparison.Ordinal) || text.Contains(Body, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_walk_finds_what_an_error_holds()
    {
        using var request = new HttpRequestMessage { Headers = { Authorization = new("Bearer", Token) } };
        var error = new InvalidOperationException("x", new ArgumentException("y", new HttpRequestException("z"))) { Data = { ["request"] = request } };

        Told(error).Should().Contain("y").And.Contain("z").And.Contain(Token);
        Told(Encoding.UTF8.GetBytes(Body)).Should().Contain(Body);
    }

    private static async Task<Exception> CatchAsync(Func<Task> call)
    {
        try
        {
            await Within.SafetyAsync(call(), "a failure");
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return e;
        }

        throw new InvalidOperationException("the call did not fail");
    }

    private static Task AnswerAsync(string failure, Stream stream, System.Net.Sockets.Socket socket)
    {
        switch (failure)
        {
            case "refused": return StatusAsync(stream, 403, "Forbidden");
            case "invalid": return StatusAsync(stream, 422, "Invalid");
            case "conflict": return StatusAsync(stream, 409, "Conflict");
            case "unauthorized": return StatusAsync(stream, 401, "Unauthorized");
            case "a proxy's page": return SendAsync(stream, 502, "text/html", "<html></html>");
            case "no JSON": return SendAsync(stream, 200, "application/json", "{\"metadata\":7");
            case "reset within the answer":
                return SendAsync(stream, 200, "application/json", "{", length: 100).ContinueWith(_ => RawServer.Reset(socket), TaskScheduler.Default);
            case "no answer in time": return stream.ReadExactlyAsync(new byte[1]).AsTask();
            default:
                RawServer.Reset(socket);
                return Task.CompletedTask;
        }
    }

    private static Task StatusAsync(Stream stream, int code, string reason) => SendAsync(
        stream, code, "application/json", $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{{reason}}","message":"no","code":{{code}}}""");

    private static async Task SendAsync(Stream stream, int code, string type, string body, int? length = null)
    {
        var head = $"HTTP/1.1 {code} {(HttpStatusCode)code}\r\nContent-Type: {type}\r\nContent-Length: {length ?? Encoding.UTF8.GetByteCount(body)}\r\n\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(head + body));
    }

    /// <summary>All texts that can be reached from an object over public properties and items, as a structured logger reaches them.</summary>
    private static IEnumerable<string> Told(object? root)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var open = new Stack<object?>([root]);
        while (open.TryPop(out var o))
        {
            if (o is null or Type or MemberInfo or Module or Assembly or Pointer || !seen.Add(o)) continue;
            yield return o.ToString() ?? "";
            if (o is byte[] bytes) yield return Encoding.UTF8.GetString(bytes);
            if (o is string || o.GetType().IsPrimitive) continue;
            if (o is IEnumerable items)
            {
                foreach (var item in items) open.Push(item);
            }

            foreach (var property in o.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                if (property.GetIndexParameters().Length > 0 || property.PropertyType.IsByRefLike) continue;
                object? value = null;
                try
                {
                    value = property.GetValue(o);
                }
                catch (TargetInvocationException)
                {
                    // It has nothing to say.
                }

                open.Push(value);
            }
        }
    }
}
