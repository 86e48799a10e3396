using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Operator.Notifications;
using BreakGlass.Operator.Outbound;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Notifications;

/// <summary>What each kind of receiver is sent.</summary>
public sealed class PayloadTests
{
    private const string Hostile =
        "<!channel> <@U123|boss> <https://evil.example|click> *bold* _it_ `code` [link](https://evil.example) {{{DATE(2026-01-01T00:00:00Z)}} & \"quoted\" \\ "
            + "\u202Egnirts\u0000\r\nnew line \u200Bhidden 😀";

    private static readonly JsonSerializerOptions s_shown =
        new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<string> Types => new(Enum.GetNames<ReceiverType>());

    [Theory]
    [MemberData(nameof(Types))]
    public void A_message_is_what_its_receiver_expects(string type)
    {
        var receiver = Settings(Enum.Parse<ReceiverType>(type));
        Golden.Check(Shown(Messages.Body(receiver, SampleNotifications.Activation())), $"{type}.activation.json");
        Golden.Check(Shown(Messages.Body(receiver, SampleNotifications.Lockdown)), $"{type}.lockdown.json");
        Golden.Check(Shown(Messages.Body(receiver, SampleNotifications.Activation(justification: Hostile) with { Text = Hostile })), $"{type}.hostile.json");
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Whatever_users_write_is_text_of_bearable_length(string type)
    {
        foreach (var text in new[] { Hostile, new string('&', 20_000), string.Concat(Enumerable.Repeat("😀", 5_000)), new string('{', 3_001),
            "\u0000\u001b[31m", "" })
        {
            var body = Messages.Body(Settings(Enum.Parse<ReceiverType>(type)),
                SampleNotifications.Activation(justification: text) with { Text = text, Who = text, Ticket = text, Cluster = text });
            var read = JsonNode.Parse(body.ToJsonString())!;
            if (type is nameof(ReceiverType.Slack)) CheckSlack(read);
            if (type is nameof(ReceiverType.Teams)) CheckTeams(read);
            if (type is nameof(ReceiverType.PagerDuty)) read["payload"]!["summary"]!.GetValue<string>().Length.Should().BeLessThanOrEqualTo(1024);
        }
    }

    [Fact]
    public void A_webhook_is_signed_by_the_Standard_Webhooks_specification()
    {
        var secret = RandomNumberGenerator.GetBytes(32);
        var receiver = Settings(ReceiverType.Webhook) with { Key = new("whsec_" + Convert.ToBase64String(secret)), Authorization = new("Bearer abc") };
        using var request = Messages.Request(receiver, SampleNotifications.Activation("msg-1"), SampleNotifications.Now);
        request.Headers.GetValues("webhook-id").Should().Equal("msg-1");
        request.Headers.GetValues("webhook-timestamp").Should().Equal("1795309323");
        request.Headers.GetValues("Authorization").Should().Equal("Bearer abc");
        var body = Messages.Body(receiver, SampleNotifications.Activation("msg-1")).ToJsonString();
        var signed = Convert.ToBase64String(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"msg-1.1795309323.{body}")));
        request.Headers.GetValues("webhook-signature").Should().Equal($"v1,{signed}");
    }

    [Fact]
    public void The_signature_is_that_of_the_specifications_own_example()
    {
        // The example of the specification: secret, id, time and body are its, and so is the signature.
        const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        var signed = HMACSHA256.HashData(
            WebhookSignature.KeyOf(Secret)!, Encoding.UTF8.GetBytes("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"));
        Convert.ToBase64String(signed).Should().Be("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    [Fact]
    public void The_same_thing_of_the_same_object_joins_one_incident_of_PagerDuty()
    {
        string Key(Notification n) => Messages.Body(Settings(ReceiverType.PagerDuty), n)["dedup_key"]!.GetValue<string>();
        Key(SampleNotifications.Activation("1"))
            .Should().Be(Key(SampleNotifications.Activation("2"))).And.NotBe(Key(SampleNotifications.Activation("1") with { Uid = "another" }));
    }

    private static void CheckSlack(JsonNode read)
    {
        foreach (var text in Objects(read).Where(o => o["type"]?.GetValue<string>() is "plain_text" or "mrkdwn"))
        {
            text["type"]!.GetValue<string>().Should().Be("plain_text");
            text["text"]!.GetValue<string>().Should().NotContainAny("<", ">").And.Match(t => t.Length <= 3000);
        }

        read["text"]!.GetValue<string>().Should().NotContainAny("<", ">");
        read["blocks"]![0]!["text"]!["text"]!.GetValue<string>().Length.Should().BeInRange(1, 150);
        read["blocks"]![2]!["fields"]!.AsArray()
            .Should().HaveCountLessThanOrEqualTo(10).And.OnlyContain(field => field!["text"]!.GetValue<string>().Length <= 2000);
    }

    private static void CheckTeams(JsonNode read)
    {
        var elements = Objects(read).Where(o => o["type"] is not null && o["text"] is not null).ToList();
        elements.Should().OnlyContain(o => o["type"]!.GetValue<string>() == "TextRun", "other elements read Markdown");
        elements.Should().NotContain(o => o["text"]!.GetValue<string>().Contains("{{"));
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject o => o.Select(p => p.Value).SelectMany(Objects).Prepend(o),
        JsonArray a => a.SelectMany(Objects),
        _ => [],
    };

    private static ReceiverSettings Settings(ReceiverType type) =>
        new() { Name = "test", Type = type, Url = new("https://hooks.example/x"), Key = new("0123456789abcdef0123456789abcdef") };

    private static string Shown(JsonNode body) => body.ToJsonString(s_shown) + "\n";
}
