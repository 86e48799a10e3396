using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sessions;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>Audit events as an API server writes them.</summary>
internal static class Audit
{
    public static readonly BreakGlassGrant Grant = A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddMinutes(30) } };

    /// <summary>The user name of the grant's identity.</summary>
    public static readonly string Identity = $"system:serviceaccount:breakglass-grants:{GrantNames.Identity(Grant)}";

    public static AuditDoor Door { get; } = new(A.Settings, ["bob"]);

    public static AuditEvent Event(string verb = "get", string resource = "configmaps", string name = "checkout", int code = 200, int at = 60) => new()
    {
        AuditId = Guid.NewGuid().ToString(), Stage = "ResponseComplete", Verb = verb, Username = Identity, Resource = resource, Name = name,
        Namespace = "payments", Code = code, ReceivedAt = A.Start.AddSeconds(at), At = A.Start.AddSeconds(at), SourceIps = ["192.0.2.1"],
        UserAgent = "kubectl",
        RequestUri = $"/api/v1/namespaces/payments/{resource}/{name}",
    };

    public static JsonObject Json(string user, string id = "5e4b1c6a-0001", string stage = "ResponseComplete", int code = 200) => JsonNode.Parse($$"""
        {
          "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "{{id}}", "stage": "{{stage}}",
          "requestURI": "/api/v1/namespaces/payments/pods/web/exec?command=id&command=-u%20x&container=app", "verb": "create",
          "user": {"username": {{JsonSerializer.Serialize(user)}}, "uid": "u-1", "groups": ["system:authenticated"], "extra": {"username": ["admin"] } },
          "impersonatedUser": {"username": "carol"},
          "sourceIPs": ["203.0.113.9", "192.0.2.1"], "userAgent": "kubectl/v1.34.1",
          "objectRef": {"resource": "pods", "namespace": "payments", "name": "web", "apiVersion": "v1", "subresource": "exec", "uid": "pod-1"},
          "responseStatus": {"metadata": {}, "code": {{code.ToString(CultureInfo.InvariantCulture)}}},
          "requestReceivedTimestamp": "2026-11-22T01:03:03.123456Z", "stageTimestamp": "2026-11-22T01:03:04.000001Z",
          "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed by RoleBinding \"x\""}
        }
        """)!.AsObject();

    public static AuditPost Read(string body) => AuditReader.Read(Encoding.UTF8.GetBytes(body), Door);

    public static string List(params JsonObject[] events) => new JsonObject
    {
        ["kind"] = "EventList", ["apiVersion"] = "audit.k8s.io/v1", ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. events.Select(e =>
        {
            var item = e.DeepClone().AsObject();
            item.Remove("kind");
            item.Remove("apiVersion");
            return (JsonNode)item;
        })]),
    }.ToJsonString();
}
