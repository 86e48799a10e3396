using BreakGlass.Operator.Notifications;
using BreakGlass.Operator.Options;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Operator.Tests.Notifications;

public sealed class NotificationFileTests
{
    private const string Good = """
        receivers:
        - {name: siem, type: webhook, url: "https://siem.example/hook", secret: whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=, authorization: Bearer abc}
        - {name: chat, type: slack, url: "https://hooks.example/T0/B0/XYZ", events: [GrantActivated, GrantRevoked]}
        - {name: teams, type: teams, url: "https://flows.example/x?sig=abc"}
        - {name: pager, type: pagerduty, routingKey: 0123456789abcdef0123456789abcdef}
        - {name: alerts, type: alertmanager, url: "http://alertmanager.monitoring.svc:9093"}
        """;

    [Fact]
    public void A_good_file_is_read_and_shows_no_secret()
    {
        NotificationFile.Parse(Good, out var receivers).Should().BeNull();
        receivers.Select(receiver => (receiver.Name, receiver.Type)).Should()
            .Equal(("siem", ReceiverType.Webhook), ("chat", ReceiverType.Slack), ("teams", ReceiverType.Teams), ("pager", ReceiverType.PagerDuty),
            ("alerts", ReceiverType.Alertmanager));
        receivers[1].Events.Should().BeEquivalentTo("GrantActivated", "GrantRevoked");
        receivers[2].Events.Should().BeSameAs(ReceiverSettings.DefaultEvents);
        receivers[3].Url.Value.Should().Be("https://events.pagerduty.com/v2/enqueue");
        string.Join('\n', receivers).Should().NotContainAny("example", "AAAA", "0123", "abc", "9093");
    }

    [Fact]
    public void JSON_is_as_good() =>
        NotificationFile.Parse("""{"receivers": [{"name": "chat", "type": "slack", "url": "https://hooks.example/x"}]}""", out var receivers)
            .Should().Be(receivers.Count == 1 ? null : "read");

    [Theory]
    [InlineData("{type: slack, url: \"https://h.example\"}", "receiver 1: name is missing")]
    [InlineData("{name: chat, url: \"https://h.example\"}",
        "receiver \"chat\": type is missing or unknown. Use one of webhook, slack, teams, pagerduty, alertmanager")]
    [InlineData("{name: chat, type: slack}", "receiver \"chat\": url is missing")]
    [InlineData("{name: chat, type: slack, url: \"ftp://secret-host/x\"}", "receiver \"chat\": url is missing or not an http or https URL")]
    [InlineData("{name: chat, type: slack, url: \"http://secret-host.example/x\"}", "receiver \"chat\": url is http to a host outside the cluster")]
    [InlineData("{name: chat, type: slack, url: \"https://user:secret@h.example/x\"}", "receiver \"chat\": url contains a user or password")]
    [InlineData("{name: chat, type: slack, url: \"https://h.example\", channel: x}",
        "receiver \"chat\": channel is not a known field. Use name, type, url, events, secret, routingKey, authorization")]
    [InlineData("{name: chat, type: slack, url: \"https://h.example\", secret: secret}", "receiver \"chat\": secret is not for type slack")]
    [InlineData("{name: chat, type: slack, url: \"https://h.example\", events: [Nope]}",
        "receiver \"chat\": events is not a list of events. Use GrantActivated")]
    [InlineData("{name: siem, type: webhook, url: \"https://h.example\"}", "receiver \"siem\": secret is missing or too short")]
    [InlineData("{name: siem, type: webhook, url: \"https://h.example\", secret: whsec_secret}", "receiver \"siem\": secret is missing or too short")]
    [InlineData("{name: siem, type: webhook, url: \"https://h.example\", secret: 0123456789abcdef0123456789, authorization: \"secret\"}",
        "receiver \"siem\": authorization is not a header value")]
    [InlineData("{name: pager, type: pagerduty, routingKey: secret}", "receiver \"pager\": routingKey is missing or not an integration key")]
    [InlineData("{name: am, type: alertmanager, url: \"https://h.example\", routingKey: secret}", "receiver \"am\": routingKey is not for type alertmanager")]
    [InlineData("just a text that is secret", "receiver 1: is not a map of fields")]
    [InlineData("{name: a, type: slack, url: \"https://h.example\"}\n- {name: a, type: slack, url: \"https://h.example\"}",
        "receiver \"a\": its name appears twice")]
    public void A_mistake_is_told_by_receiver_and_field_and_without_what_stands_there(string receiver, string expected)
    {
        var problem = NotificationFile.Parse($"receivers:\n- {receiver}\n", out _);
        problem.Should().Contain(expected);
        problem!.Replace("secret is", "").Replace("secret, routingKey", "").Should().NotContain("secret");
    }

    [Theory]
    [InlineData("alertmanager.monitoring.svc", true)]
    [InlineData("alertmanager.monitoring.svc.cluster.local", true)]
    [InlineData("alertmanager.monitoring.svc.cluster.local.", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("hooks.svc.attacker.example", false)]
    [InlineData("a.svc.cluster.local.attacker.example", false)]
    [InlineData("svc.example", false)]
    public void Plain_http_goes_to_hosts_of_the_cluster_alone_and_not_to_whoever_has_svc_in_the_name(string host, bool allowed)
    {
        var problem = NotificationFile.Parse($"receivers:\n- {{name: am, type: alertmanager, url: \"http://{host}:9093\"}}\n", out _);
        if (allowed) problem.Should().BeNull();
        else problem.Should().Contain("url is http to a host outside the cluster");
    }

    [Theory]
    [InlineData("")]
    [InlineData("receivers: []")]
    [InlineData("receivers: {}")]
    [InlineData("recievers: [{name: a}]")]
    public void A_file_of_another_shape_is_told_so(string text) => NotificationFile.Parse(text, out _).Should().StartWith("must contain a list");

    [Fact]
    public void What_is_no_YAML_is_told_with_its_place_only() =>
        NotificationFile.Parse("receivers:\n- {name: [secret", out _).Should().StartWith("is invalid YAML at line ").And.NotContain("secret");

    [Fact]
    public void The_message_names_the_option()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "receivers:\n- {name: pager, type: pagerduty}\n- {name: chat, type: slack}\n");
            OptionParser.Parse([$"--notifications-file={file}"], _ => null, out _).Should().ContainSingle().Which.Should()
                .StartWith("--notifications-file (BREAKGLASS_NOTIFICATIONS_FILE) is ").And
                .Contain("which is not valid: receiver \"pager\": routingKey is missing").And.Contain("receiver \"chat\": url is missing");
            OptionParser.Parse(["--notifications-file=/nowhere"], _ => null, out _).Should().ContainSingle().Which.Should().Contain("cannot be read");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
