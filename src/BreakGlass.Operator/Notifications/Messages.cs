using System.Security.Cryptography;
using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Notifications;

/// <summary>
/// What each kind of receiver is sent. All text of users goes in as JSON strings, and into elements that know no markup; where a receiver has
/// none, it is escaped by that receiver's rules.
/// </summary>
internal static class Messages
{
    /// <summary>The receiver as a destination of deliveries.</summary>
    public static Destination<Notification> Destination(ReceiverSettings receiver, HttpClient http, TimeProvider time) => new(
        receiver.Name, ReceiverFields.TypeName(receiver.Type),
        async (notification, cancellationToken) =>
        {
            using var request = Request(receiver, notification, time.GetUtcNow());
            return await OutboundHttp.SendAsync(http, request, time, cancellationToken);
        },
        n => $"{n.Event} of {n.Name}");

    /// <summary>The request of one try.</summary>
    public static HttpRequestMessage Request(ReceiverSettings receiver, Notification n, DateTimeOffset now)
    {
        var body = Encoding.UTF8.GetBytes(Body(receiver, n).ToJsonString());
        var url = receiver.Type is ReceiverType.Alertmanager ? receiver.Url.Value.TrimEnd('/') + "/api/v2/alerts" : receiver.Url.Value;
        var request = OutboundHttp.Post(url, body, "application/json");
        if (receiver.Authorization is { } authorization) request.Headers.TryAddWithoutValidation("Authorization", authorization.Value);
        if (receiver.Type is ReceiverType.Webhook) WebhookSignature.Add(request, receiver.Key!, n.Id, now, body);
        return request;
    }

    /// <summary>The body by itself.</summary>
    public static JsonNode Body(ReceiverSettings receiver, Notification n) => receiver.Type switch
    {
        ReceiverType.Slack => ChatMessages.Slack(n),
        ReceiverType.Teams => ChatMessages.Teams(n),
        ReceiverType.PagerDuty => PagerDuty(n, receiver.Key!.Value),
        ReceiverType.Alertmanager => new JsonArray(Alert(n)),
        _ => Webhook(n),
    };

    private static JsonObject Webhook(Notification n)
    {
        var message = Message(n);
        if (n.Drill is not null) message["drill"] = n.Drill;
        return message;
    }

    private static JsonObject Message(Notification n) => new()
    {
        ["version"] = "v1",
        ["id"] = n.Id,
        ["type"] = n.Event,
        ["timestamp"] = DisplayText.Time(n.At),
        ["severity"] = DisplayText.Word(n.Severity),
        ["cluster"] = n.Cluster,
        ["message"] = n.Text,
        ["object"] = new JsonObject { ["apiVersion"] = "breakglass.dev/v1alpha1", ["kind"] = n.Kind, ["name"] = n.Name, ["uid"] = n.Uid },
        ["policy"] = n.Policy,
        ["who"] = n.Who,
        ["justification"] = n.Justification,
        ["ticket"] = n.Ticket,
        ["expiresAt"] = n.ExpiresAt is { } end ? DisplayText.Time(end) : null,
    };

    // Events API v2: a summary has at most 1024 characters, a key at most 255. The same thing told again joins its incident.
    private static JsonObject PagerDuty(Notification n, string routingKey)
    {
        var details = new JsonObject();
        foreach (var (word, value) in DisplayText.Facts(n)) details[word] = value;
        return new()
        {
            ["routing_key"] = routingKey,
            ["event_action"] = "trigger",
            ["dedup_key"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(n.Key))),
            ["client"] = "BreakGlass Operator",
            ["payload"] = new JsonObject
            {
                ["summary"] = DisplayText.Line($"{n.Event} {n.Name}: {n.Text}", 1024),
                ["source"] = DisplayText.Line(n.Cluster, 255),
                ["severity"] = DisplayText.Word(n.Severity),
                ["timestamp"] = DisplayText.Time(n.At),
                ["component"] = "breakglass-operator",
                ["group"] = n.Policy,
                ["class"] = n.Event,
                ["custom_details"] = details,
            },
        };
    }

    // Labels make the alert's identity, so what a user may write at will is only in annotations. Without an end Alertmanager takes its own
    // resolve_timeout; access that is open is an alert for as long as it may be open.
    private static JsonObject Alert(Notification n)
    {
        var labels = new JsonObject
        {
            ["alertname"] = n.Event,
            ["severity"] = DisplayText.Word(n.Severity),
            ["cluster"] = n.Cluster,
            ["kind"] = n.Kind,
            ["name"] = n.Name,
        };
        if (n.Policy is not null) labels["policy"] = n.Policy;
        var annotations = new JsonObject { ["summary"] = DisplayText.Line($"{n.Event} {n.Name}", 300), ["description"] = n.Text };
        foreach (var (name, value) in new[] { ("who", n.Who), ("justification", n.Justification), ("ticket", n.Ticket) })
        {
            if (!string.IsNullOrEmpty(value)) annotations[name] = value;
        }

        var alert = new JsonObject { ["labels"] = labels, ["annotations"] = annotations, ["startsAt"] = DisplayText.Time(n.At) };
        if (n.ExpiresAt > n.At) alert["endsAt"] = DisplayText.Time(n.ExpiresAt.Value);
        return alert;
    }
}
