using System.Text.Encodings.Web;
using BreakGlass.Core.Sessions;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Proxying;
using Microsoft.AspNetCore.Http.Features;

namespace BreakGlass.Gateway.Reporting;

/// <summary>A request that is reported: what it is about, and what became of it. Its begin is reported if its answer can go on for long.</summary>
internal sealed class ReportedRequest
{
    private const int LongestProgram = 256;
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Reporter _reporter;
    private readonly Traffic _traffic;
    private readonly RequestAttributes _attributes;
    private readonly string _user;
    private readonly string? _asUser;
    private readonly string _uri;
    private readonly string _address;
    private readonly string _program;
    private readonly bool _isShell;
    private readonly bool _isLong;
    private long _seen = -1;
    private int _hasBegun;

    /// <param name="reporter">Where it is reported.</param>
    /// <param name="context">The request.</param>
    /// <param name="grant">Whose request it is.</param>
    /// <param name="auditId">Its ID.</param>
    /// <param name="traffic">The bytes that go over it.</param>
    /// <param name="at">When it came.</param>
    public ReportedRequest(Reporter reporter, HttpContext context, BreakGlassGrant grant, string auditId, Traffic traffic, DateTimeOffset at)
    {
        var request = context.Request;
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        (_reporter, _traffic, AuditId, ReceivedAt, Grant) = (reporter, traffic, auditId, at, grant.Metadata.Name);
        _attributes = RequestAttributes.Read(request.Method, target);
        _user = $"system:serviceaccount:{grant.Status.ServiceAccount?.Replace('/', ':')}";
        _asUser = request.Headers.TryGetValue("Impersonate-User", out var user) && user is [{ Length: > 0 } name, ..]
            ? Cut(name, LongestName) : null;
        _uri = RequestUri.Of(target, _attributes, LongTexts.Longest);
        _address = context.Connection.RemoteIpAddress is { } address ? $"{(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)}" : "";
        _program = Cut(request.Headers.UserAgent.ToString(), LongestProgram);
        _isShell = _attributes is { Resource: "pods", Subresource: "exec" or "attach" or "portforward" };
        _isLong = _isShell || _attributes.Verb == "watch" || (_attributes is { Resource: "pods", Subresource: "log" } && IsOn(request.Query["follow"]));
    }

    /// <summary>The ID of the request at the API server, too.</summary>
    public string AuditId { get; }

    /// <summary>When it came.</summary>
    public DateTimeOffset ReceivedAt { get; }

    /// <summary>Whose it is.</summary>
    public string Grant { get; }

    /// <summary>Its answer begins.</summary>
    /// <param name="code">The status.</param>
    public void Started(int code)
    {
        var isStream = _isLong || code == StatusCodes.Status101SwitchingProtocols;
        if (!isStream || code >= StatusCodes.Status400BadRequest || Interlocked.Exchange(ref _hasBegun, 1) == 1) return;
        _reporter.Add(Json("ResponseStarted", code, isActivity: false), Grant);
    }

    /// <summary>It has ended.</summary>
    /// <param name="code">The status; null if the client was answered nothing.</param>
    public void Ended(int? code)
    {
        _reporter.Forget(this);
        _reporter.Add(Json("ResponseComplete", code, isActivity: false), Grant);
    }

    /// <summary>
    /// When the grant was used by it, if that was not asked before: when bytes went over a shell or a forwarded port; for every other request that goes on,
    /// when it began. A watch or a followed log that only stays open is not use.
    /// </summary>
    public DateTimeOffset? TakeUse(DateTimeOffset now)
    {
        var bytes = _isShell ? _traffic.BytesIn + _traffic.BytesOut : 0;
        if (bytes == _seen) return null;
        var isFirst = _seen < 0;
        _seen = bytes;
        return bytes > 0 ? now : isFirst ? ReceivedAt : null;
    }

    /// <summary>An event that says that the grant was used.</summary>
    public byte[] Activity(DateTimeOffset at) => Json("ResponseStarted", null, isActivity: true, at);

    private byte[] Json(string stage, int? code, bool isActivity, DateTimeOffset? at = null)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            json.WriteStartObject();
            json.WriteString("level", "Metadata");
            json.WriteString("auditID", AuditId);
            json.WriteString("stage", stage);
            json.WriteString("verb", _attributes.Verb);
            WriteUser(json, "user", _user);
            json.WriteString("requestReceivedTimestamp", ReceivedAt);
            json.WriteString("stageTimestamp", at ?? _reporter.Now);
            if (!isActivity) WriteRequest(json, code);
            json.WriteStartObject("annotations");
            if (isActivity) json.WriteString(GatewayReports.Activity, "true");
            if (stage == "ResponseComplete")
            {
                json.WriteString(GatewayReports.BytesIn, _traffic.BytesIn.ToString(CultureInfo.InvariantCulture));
                json.WriteString(GatewayReports.BytesOut, _traffic.BytesOut.ToString(CultureInfo.InvariantCulture));
                if (Volatile.Read(ref _hasBegun) == 1) json.WriteString(GatewayReports.Begun, "true");
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private void WriteRequest(Utf8JsonWriter json, int? code)
    {
        if (_asUser is not null) WriteUser(json, "impersonatedUser", _asUser);
        json.WriteString("requestURI", _uri);
        json.WriteString("userAgent", _program);
        json.WriteStartArray("sourceIPs");
        json.WriteStringValue(_address);
        json.WriteEndArray();
        if (_attributes.Path is null)
        {
            json.WriteStartObject("objectRef");
            json.WriteString("apiGroup", Cut(_attributes.Group, LongestName));
            json.WriteString("resource", Cut(_attributes.Resource, LongestName));
            json.WriteString("subresource", Cut(_attributes.Subresource, LongestLabel));
            json.WriteString("namespace", Cut(_attributes.Namespace, LongestLabel));
            json.WriteString("name", Cut(_attributes.Name, LongestName));
            json.WriteEndObject();
        }

        if (code is not { } number) return;
        json.WriteStartObject("responseStatus");
        json.WriteNumber("code", number);
        json.WriteEndObject();
    }

    private static void WriteUser(Utf8JsonWriter json, string property, string name)
    {
        json.WriteStartObject(property);
        json.WriteString("username", name);
        json.WriteEndObject();
    }

    /// <summary>As much of a text as the operator keeps: a client can send 64 KiB of it.</summary>
    private static string Cut(string text, int longest) => text.Length <= longest ? text : text[..longest];

    private static bool IsOn(IEnumerable<string?> values) => values.FirstOrDefault() is "true" or "1";
}
