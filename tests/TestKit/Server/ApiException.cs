using System.Net;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>An error answer in the making: HTTP code and the <c>Status</c> body, worded as k8s.io/apimachinery's api/errors does.</summary>
internal sealed class ApiException : Exception
{
    private ApiException(HttpStatusCode code, string reason, string message, JsonObject? details = null)
        : base(message)
    {
        Code = code;
        Body = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = message,
        };
        if (reason.Length > 0) Body["reason"] = reason;
        if (details is not null) Body["details"] = details;
        Body["code"] = (int)code;
    }

    public HttpStatusCode Code { get; }

    public JsonObject Body { get; }

    public int? RetryAfterSeconds { get; private init; }

    public static ApiException NotFound(ResourceDefinition r, string name) =>
        new(HttpStatusCode.NotFound, "NotFound", $"{r} \"{name}\" not found", Details(r, name));

    public static ApiException UnknownResource() =>
        new(HttpStatusCode.NotFound, "NotFound", "the server could not find the requested resource", []);

    public static ApiException AlreadyExists(ResourceDefinition r, string name, bool deleting) =>
        new(HttpStatusCode.Conflict, "AlreadyExists", $"{(deleting ? "object is being deleted: " : "")}{r} \"{name}\" already exists", Details(r, name));

    public static ApiException Conflict(ResourceDefinition r, string name, string why) =>
        new(HttpStatusCode.Conflict, "Conflict", $"Operation cannot be fulfilled on {r} \"{name}\": {why}", Details(r, name));

    public static ApiException Stale(ResourceDefinition r, string name) =>
        Conflict(r, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static ApiException ApplyConflict(string message, params FieldError[] causes) =>
        new(HttpStatusCode.Conflict, "Conflict", message, new JsonObject { ["causes"] = Causes(causes) });

    public static ApiException Forbidden(ResourceDefinition? r, string name, string why, FieldError? cause = null)
    {
        var details = r is null ? [] : Details(r, name);
        if (cause is not null) details["causes"] = Causes([cause]);
        var what = r is null ? "forbidden" : name.Length == 0 ? $"{r} is forbidden" : $"{r} \"{name}\" is forbidden";
        return new(HttpStatusCode.Forbidden, "Forbidden", $"{what}: {why}", details);
    }

    public static ApiException Invalid(string group, string kind, string name, params IReadOnlyList<FieldError> errors)
    {
        var all = errors.Count == 1 ? errors[0].ToString() : $"[{string.Join(", ", errors)}]";
        var details = new JsonObject();
        if (name.Length > 0) details["name"] = name;
        if (group.Length > 0) details["group"] = group;
        details["kind"] = kind;
        details["causes"] = Causes(errors);
        return new(HttpStatusCode.UnprocessableEntity, "Invalid", $"{(group.Length == 0 ? kind : $"{kind}.{group}")} \"{name}\" is invalid: {all}", details);
    }

    public static ApiException Invalid(ResourceDefinition r, string name, params IReadOnlyList<FieldError> errors) => Invalid(r.Group, r.Kind, name, errors);

    /// <summary>A JSON patch that cannot be applied. The server does not say why.</summary>
    public static ApiException UnprocessablePatch() =>
        new(HttpStatusCode.UnprocessableEntity, "Invalid", "the server rejected our request due to an error in our request", []);

    public static ApiException BadRequest(string why) => new(HttpStatusCode.BadRequest, "BadRequest", why);

    public static ApiException Unauthorized() => new(HttpStatusCode.Unauthorized, "Unauthorized", "Unauthorized");

    public static ApiException MethodNotAllowed() =>
        new(HttpStatusCode.MethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static ApiException UnsupportedMediaType() =>
        new(HttpStatusCode.UnsupportedMediaType, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types include: "
            + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");

    public static ApiException Expired(string message, string? inconsistentContinue = null)
    {
        var error = new ApiException(HttpStatusCode.Gone, "Expired", message);
        if (inconsistentContinue is not null) error.Body["metadata"] = new JsonObject { ["continue"] = inconsistentContinue };
        return error;
    }

    public static ApiException TooLargeResourceVersion(long asked, long current) => new(
        HttpStatusCode.GatewayTimeout, "Timeout", $"Timeout: Too large resource version: {asked}, current: {current}",
        new JsonObject
        {
            ["causes"] = Causes([new("ResourceVersionTooLarge", "", "Too large resource version")]),
            ["retryAfterSeconds"] = 1,
        }) { RetryAfterSeconds = 1 };

    public static ApiException RequestTooLarge() =>
        new(HttpStatusCode.RequestEntityTooLarge, "RequestEntityTooLarge", "Request entity too large: limit is 3145728");

    public static ApiException Internal(string why) => new(
        HttpStatusCode.InternalServerError, "InternalError", $"Internal error occurred: {why}",
        new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = why }) });

    /// <summary>An error without a reason, as the server answers what it has no typed error for.</summary>
    public static ApiException Untyped(string message) => new(HttpStatusCode.InternalServerError, "", message);

    public static ApiException Of(int code, string reason, string message, int? retryAfterSeconds = null) =>
        new((HttpStatusCode)code, reason, message,
            retryAfterSeconds is { } s ? new JsonObject { ["retryAfterSeconds"] = s } : null) { RetryAfterSeconds = retryAfterSeconds };

    private static JsonObject Details(ResourceDefinition r, string name)
    {
        var details = new JsonObject();
        if (name.Length > 0) details["name"] = name;
        if (r.Group.Length > 0) details["group"] = r.Group;
        details["kind"] = r.Plural;
        return details;
    }

    private static JsonArray Causes(IReadOnlyList<FieldError> errors) =>
        [.. errors.Select(e =>
        {
            var cause = new JsonObject { ["reason"] = e.Reason, ["message"] = e.Message };
            if (e.Field.Length > 0) cause["field"] = e.Field;
            return (JsonNode)cause;
        })];
}
