using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using k8s;
using k8s.Models;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit.Builders;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>
/// Throws reviews at both endpoints that were good once and were then mutated, as bytes and as JSON. What must hold of each: there is an answer of a
/// known form, no handler throws, and no grant is let in under another name than the caller's.
/// </summary>
internal sealed class Fuzz
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e999", "9223372036854775808", "\"\"", "\"x\"", "[]", "{}", "[null]", "{\"\":null}", "\"\\u0000\"", "\"\\ud800\"",
        "\"2026-99-99T00:00:00Z\"", "\"99999h\"",
        "[[[[[[[[]]]]]]]]", "{\"a\":{\"b\":{\"c\":{}}}}", "\"breakglass.dev\"", "\"v1.a.1.AAAA\"", "\"CREATE\"", "\"DELETE\"", "\"BreakGlassPolicy\"",
    ];

    private readonly Random _random;
    private readonly AdmissionEndpoint _mutate;
    private readonly AdmissionEndpoint _validate;
    private readonly List<byte[]> _seeds;
    private Exception? _thrown;
    private AdmissionRequest? _asked;

    public Fuzz(WebhookHarness webhooks, int seed)
    {
        _random = new(seed);
        _mutate = new("/fuzz-mutate", Watched(webhooks.Mutate), webhooks.Clock, NullLogger.Instance);
        _validate = new("/fuzz-validate", Watched(webhooks.Validate), webhooks.Clock, NullLogger.Instance);
        _seeds = [.. Seeds(webhooks)];
    }

    /// <summary>How often each HTTP code was the answer, and how often the answer was yes.</summary>
    public SortedDictionary<string, int> Answers { get; } = [];

    /// <summary>Throws some inputs.</summary>
    /// <exception cref="FuzzException">Something that must hold did not; the input is in the message.</exception>
    public async Task RunAsync(int inputs)
    {
        for (var i = 0; i < inputs; i++)
        {
            var input = Mutated(_seeds[_random.Next(_seeds.Count)]);
            var contentType = _random.Next(50) == 0 ? Values[_random.Next(Values.Length)] : "application/json";
            await CheckAsync(_mutate, contentType, input);
            await CheckAsync(_validate, contentType, input);
        }
    }

    private async Task CheckAsync(AdmissionEndpoint endpoint, string contentType, byte[] input)
    {
        (_thrown, _asked) = (null, null);
        WebhookReply reply;
        try
        {
            reply = await endpoint.AnswerAsync(contentType, input, default);
        }
        catch (Exception e)
        {
            throw new FuzzException("the endpoint threw", input, e);
        }

        if (_thrown is not null) throw new FuzzException("the handler threw", input, _thrown);
        if (reply.HttpCode is not (200 or 400 or 413 or 415)) throw new FuzzException($"answered {reply.HttpCode}", input);
        if (reply.Body.Length == 0 || (reply.HttpCode == 200) != (reply.Response is not null)) throw new FuzzException("no whole answer", input);
        if (reply.Response is { } response)
        {
            if (response.Uid.Length == 0) throw new FuzzException("no uid", input);
            if (response is { Allowed: false, Status.Message: null or "" }) throw new FuzzException("refused without a word", input);
            if (response.Allowed && endpoint == _mutate) CheckStamp(response, input);
        }

        var key = reply.HttpCode == 200 ? reply.Response!.Allowed ? "200 allowed" : $"200 refused {reply.Response.Status!.Code}" : $"{reply.HttpCode}";
        Answers[key] = Answers.GetValueOrDefault(key) + 1;
    }

    private void CheckStamp(AdmissionResponse response, byte[] input)
    {
        if (_asked is not { Operation: "CREATE", Kind.Kind: nameof(BreakGlassGrant) } request || !string.IsNullOrEmpty(request.SubResource)) return;
        var answer = AdmissionAnswer.AllowWith(response.Patch is null ? [] : JsonNode.Parse(response.Patch)!.AsArray());
        var requester = WebhookHarness.Patched(request, answer)!.Value.GetProperty("spec").GetProperty("requester").GetProperty("username").GetString();
        if (requester != request.UserInfo!.Username) throw new FuzzException($"stamped {requester}", input);
    }

    private AdmissionHandler Watched(AdmissionHandler handler) => async (request, ct) =>
    {
        _asked = request;
        try
        {
            return await handler(request, ct);
        }
        catch (Exception e)
        {
            _thrown = e;
            throw;
        }
    };

    private byte[] Mutated(byte[] seed)
    {
        var input = seed;
        for (var times = _random.Next(1, 4); times > 0; times--)
        {
            try
            {
                input = _random.Next(10) < 8 && Parse(input) is { } node ? MutatedJson(node) : MutatedBytes(input);
            }
            catch (InvalidOperationException)
            {
                input = MutatedBytes(input); // text that cannot be read as such
            }
        }

        return input;
    }

    private static JsonNode? Parse(byte[] input)
    {
        try
        {
            return JsonNode.Parse(input, documentOptions: new() { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private byte[] MutatedJson(JsonNode root)
    {
        // Down to some node, mostly one of the object's, then something else in its place.
        var inside = _random.Next(10) < 7 && root is JsonObject whole && whole["request"] is JsonObject request
            ? request[_random.Next(4) == 0 ? "oldObject" : "object"] : null;
        var (at, depth) = (inside ?? root, _random.Next(1, 8));
        while (depth-- > 0)
        {
            switch (at)
            {
                case JsonObject { Count: > 0 } o:
                    var (name, child) = o.GetAt(_random.Next(o.Count));
                    if (depth > 0 && child is JsonObject or JsonArray)
                    {
                        at = child;
                        continue;
                    }

                    Change(value => o[name] = value, () => o.Remove(name), () => o[name + "x"] = child?.DeepClone());
                    depth = 0;
                    break;
                case JsonArray { Count: > 0 } a:
                    var index = _random.Next(a.Count);
                    if (depth > 0 && a[index] is JsonObject or JsonArray)
                    {
                        at = a[index]!;
                        continue;
                    }

                    Change(value => a[index] = value, () => a.RemoveAt(index), () => a.Add(a[index]?.DeepClone()));
                    depth = 0;
                    break;
            }
        }

        try
        {
            return Encoding.UTF8.GetBytes(root.ToJsonString());
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return [1]; // a lone surrogate that cannot be written
        }
    }

    private void Change(Action<JsonNode?> replace, Action remove, Action repeat)
    {
        switch (_random.Next(5))
        {
            case 0: remove(); break;
            case 1: repeat(); break;
            case 2: replace(new string((char)_random.Next(32, 0x2000), _random.Next(3000))); break;
            default: replace(JsonNode.Parse(Values[_random.Next(Values.Length)])); break;
        }
    }

    private byte[] MutatedBytes(byte[] input)
    {
        if (input.Length == 0) return input;
        var at = _random.Next(input.Length);
        switch (_random.Next(5))
        {
            case 0: return input[..at];
            case 1: return [.. input[..at], (byte)_random.Next(256), .. input[at..]];
            case 2: return [.. input[..at], .. input[Math.Min(input.Length, at + _random.Next(20))..]];
            case 3: return [.. input[..at], .. Encoding.UTF8.GetBytes(Values[_random.Next(Values.Length)]), .. input[at..]];
            default:
                var copy = input.ToArray();
                for (var flips = _random.Next(1, 5); flips > 0; flips--) copy[_random.Next(copy.Length)] ^= (byte)(1 << _random.Next(8));
                return copy;
        }
    }

    private static IEnumerable<byte[]> Seeds(WebhookHarness webhooks)
    {
        var alice = WebhookHarness.User("alice", "payments-oncall") with { Extra = new Dictionary<string, IList<string>> { ["a"] = ["b"] } };
        var author = WebhookHarness.User("author");
        byte[] Of<T>(T? o, T? old, V1UserInfo user, bool dryRun = false)
            where T : class, IKubernetesObject<V1ObjectMeta> => JsonSerializer.SerializeToUtf8Bytes(
                new AdmissionReview { ApiVersion = AdmissionReview.V1, Kind = nameof(AdmissionReview),
                    Request = WebhookHarness.Request(o, old, user, dryRun) },
                AdmissionReview.Json);
        var grant = webhooks.Stored<BreakGlassGrant>("inc-4711");
        var policy = webhooks.Stored<BreakGlassPolicy>("payments-oncall");
        var lockdown = new BreakGlassLockdown { Metadata = new() { Name = "shut" }, Spec = new() { Reason = "x", PolicySelector = A.Selector(("a", "b")) } };
        yield return Of(A.Grant(), null, alice);
        yield return Of(A.Grant(s => s with { Access = ["payments"], Namespaces = ["payments"], Duration = "30m", Revoke = new() { Reason = "x" } }), null,
            alice, dryRun: true);
        yield return Of(grant with { Spec = grant.Spec with { Revoke = new() { Reason = "x" } } }, grant, alice);
        yield return Of(null, A.FinishedGrant(GrantPhase.Expired), alice);
        yield return Of(A.Policy(name: "other"), null, author);
        yield return Of(A.Policy(s => s with { Limits = new() { MaxActive = 1 }, Access = [A.SelectorEntry("a", "edit", A.Selector("x", "In", "y")),
            A.ClusterWideEntry("b", "edit")] }, "wide"), null, author);
        yield return Of(policy with { Spec = policy.Spec with { Suspended = true } }, policy, author);
        yield return Of(policy with { Spec = policy.Spec with { RetainFor = "1h" } }, policy, WebhookHarness.User("mallory"));
        yield return Of(new BreakGlassApproval { Metadata = new() { Name = "a" }, Spec = new() { Grant = "inc-4711", Decision = "Approve" } }, null,
            WebhookHarness.User("carol"));
        yield return Of(new BreakGlassReview { Metadata = new() { Name = "r" }, Spec = new() { Grant = "inc-4711", Outcome = "Justified" } }, null,
            WebhookHarness.User("carol"));
        yield return Of(lockdown, null, WebhookHarness.User("carol"));
        yield return Of(lockdown with { Spec = lockdown.Spec with { Reason = "y" } }, lockdown, WebhookHarness.User("carol"));
    }
}
