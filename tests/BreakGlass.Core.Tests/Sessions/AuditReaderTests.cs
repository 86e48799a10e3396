using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

public sealed class AuditReaderTests
{
    [Fact]
    public void A_list_an_array_and_lines_say_the_same()
    {
        var (mine, foreign) = (Audit.Json(Audit.Identity), Audit.Json("system:node:a"));

        foreach (var body in (string[])[Audit.List(foreign, mine), $"[{foreign.ToJsonString()},{mine.ToJsonString()}]",
            $"{foreign.ToJsonString()}\n{mine.ToJsonString()}\n"])
        {
            var post = Audit.Read(body);
            post.Foreign.Should().Be(1);
            post.LastAt.Should().Be(new DateTimeOffset(2026, 11, 22, 1, 3, 4, TimeSpan.Zero).AddMicroseconds(1));
            var read = post.Events.Should().ContainSingle().Subject;
            read.Should().BeEquivalentTo(new AuditEvent
            {
                AuditId = "5e4b1c6a-0001", Stage = "ResponseComplete", Verb = "create", Username = Audit.Identity, ImpersonatedUser = "carol",
                RequestUri = "/api/v1/namespaces/payments/pods/web/exec?command=id&command=-u%20x&container=app", Resource = "pods", Subresource = "exec",
                Namespace = "payments", Name = "web", ObjectUid = "pod-1", Code = 200, SourceIps = ["203.0.113.9", "192.0.2.1"], UserAgent = "kubectl/v1.34.1",
                ReceivedAt = new DateTimeOffset(2026, 11, 22, 1, 3, 3, 123, TimeSpan.Zero).AddMicroseconds(456),
                At = new DateTimeOffset(2026, 11, 22, 1, 3, 4, TimeSpan.Zero).AddMicroseconds(1), Reason = "RBAC: allowed by RoleBinding \"x\"",
            });
        }
    }

    [Fact]
    public void What_only_the_gateway_can_say_counts_in_its_reports_and_not_in_an_API_servers_events()
    {
        var happened = Audit.Json(Audit.Identity);
        happened["annotations"] = new JsonObject
        {
            [GatewayReports.BytesIn] = "17", [GatewayReports.BytesOut] = "9000000000", [GatewayReports.Activity] = "true", [GatewayReports.Begun] = "true",
        };
        AuditReader.Read(Encoding.UTF8.GetBytes(happened.ToJsonString()), Audit.Door, isReport: true).Events.Single().Should().Match<AuditEvent>(
            e => e.IsReport && e.BytesIn == 17 && e.BytesOut == 9_000_000_000 && e.IsActivity && e.HasBegun);
        Audit.Read(happened.ToJsonString()).Events.Single().Should().Match<AuditEvent>(
            e => !e.IsReport && e.BytesIn == null && e.BytesOut == null && !e.IsActivity && !e.HasBegun);

        happened["annotations"]![GatewayReports.BytesIn] = "-1";
        AuditReader.Read(Encoding.UTF8.GetBytes(happened.ToJsonString()), Audit.Door, isReport: true).Events.Single().BytesIn.Should().BeNull();
    }

    [Fact]
    public void The_order_of_fields_does_not_matter()
    {
        var mine = Audit.Json(Audit.Identity);
        var turned = new JsonObject(mine.Reverse().Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));

        Audit.Read(turned.ToJsonString()).Should().BeEquivalentTo(Audit.Read(mine.ToJsonString()));
        Audit.Read($$"""{"items": [{{mine.ToJsonString()}}], "apiVersion": "audit.k8s.io/v1", "kind": "EventList"}""").Events.Should().HaveCount(1);
    }

    [Theory]
    [InlineData("bob", true)]
    [InlineData("bobby", false)]
    [InlineData("BOB", false)]
    [InlineData("system:serviceaccount:breakglass-grants-2:inc-1-0123456789", false)]
    [InlineData("system:serviceaccount:breakglass-grants:anything", true)]
    [InlineData("", false)]
    public void The_door_admits_identities_of_grants_and_requesters_by_name(string user, bool admitted) =>
        Audit.Read(Audit.Json(user).ToJsonString()).Events.Should().HaveCount(admitted ? 1 : 0);

    [Fact]
    public void An_escaped_name_is_the_same_name() =>
        Audit.Read(Audit.Json("bob").ToJsonString().Replace("\"bob\"", "\"b\\u006fb\"", StringComparison.Ordinal)).Events.Should().HaveCount(1);

    [Fact]
    public void Somebody_who_acts_as_an_identity_is_not_the_identity()
    {
        var admin = Audit.Json("admin");
        admin["impersonatedUser"]!["username"] = Audit.Identity;
        Audit.Read(admin.ToJsonString()).Foreign.Should().Be(1);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("   \n", "empty")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "not an audit event")]
    [InlineData("[1]", "not a JSON object")]
    [InlineData("\"x\"", "not a JSON object")]
    [InlineData("""{"kind": "EventList", "apiVersion": "audit.k8s.io/v1beta1", "items": []}""", "not an audit event of audit.k8s.io/v1")]
    [InlineData("""{"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": {}}""", "not an array")]
    [InlineData("""{"kind": "Event", "apiVersion": "audit.k8s.io/v1", "user": {"username": "bob"}}""", "lacks its auditID")]
    [InlineData("""{"kind": "PodList", "apiVersion": "v1", "items": []}""", "not an audit event")]
    public void What_is_no_audit_event_is_refused_with_a_reason(string body, string why) =>
        FluentActions.Invoking(() => Audit.Read(body)).Should().Throw<FormatException>().WithMessage($"*{why}*");

    [Fact]
    public void A_body_that_breaks_off_gives_nothing()
    {
        var body = Audit.List(Audit.Json(Audit.Identity), Audit.Json(Audit.Identity, "2"));
        for (var length = 1; length < body.Length; length += 7)
            FluentActions.Invoking(() => Audit.Read(body[..length])).Should().Throw<FormatException>();
    }

    [Fact]
    public void Texts_are_cut_and_cleaned_and_nothing_that_others_write_keeps_the_rest_from_being_read()
    {
        var odd = Audit.Json(Audit.Identity);
        odd["userAgent"] = new string('x', 100_000);
        odd["objectRef"]!["name"] = "a\u202Eb\u0007c\n";
        odd["objectRef"]!["namespace"] = new string('n', 62) + "😀";
        odd["requestObject"] = JsonNode.Parse(string.Concat(Enumerable.Repeat("[", 5000)) + string.Concat(Enumerable.Repeat("]", 5000)),
            documentOptions: new() { MaxDepth = 6000 });
        var body = odd.ToJsonString(new() { MaxDepth = 6000 }).Replace("\"web\"", "\"\\ud800\"", StringComparison.Ordinal)
            .Replace("kubectl", "\\ud800", StringComparison.Ordinal);

        var read = Audit.Read(body).Events.Should().ContainSingle().Subject;

        read.UserAgent.Should().HaveLength(256);
        read.Name.Should().Be("a?b?c?");
        read.Namespace.Should().Be(new string('n', 62));
        Audit.Read(Audit.Json(Audit.Identity).ToJsonString().Replace("kubectl/v1.34.1", "\\ud800", StringComparison.Ordinal)).Events.Should().HaveCount(1);
    }

    [Fact]
    public void Bytes_of_any_kind_are_read_or_refused() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        noise =>
        {
            var body = Encoding.UTF8.GetBytes(Audit.List(Audit.Json(Audit.Identity)));
            for (var i = 0; i < noise.Length; i++) body[(noise[i] * 251 + i * 17) % body.Length] = noise[i];
            try
            {
                AuditReader.Read(body, Audit.Door);
            }
            catch (FormatException)
            {
                // The only answer to what is no event.
            }
        }).QuickCheckThrowOnFailure();
}
