using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TestKit;

// How a request is carried out: who, may they, what.
public sealed partial class FakeApiServer
{
    private const int BodyLimit = 3 * 1024 * 1024;

    /// <summary>Carries a request out and logs it. <paramref name="done"/> is told its code under the gate, right when it took effect.</summary>
    internal HttpResponseMessage Execute(ApiCall call, FakeUser user, HttpRequestMessage request, byte[] body, string? fault, Action<int> done)
    {
        lock (_store.Gate)
        {
            HttpResponseMessage response;
            var who = user;
            try
            {
                who = Authenticate(user, request);
                Authorize(call, who);
                response = Dispatch(call, who, request, body);
            }
            catch (ApiException e)
            {
                if (e.Code == HttpStatusCode.Unauthorized) who = new("");
                response = Error(e);
            }

            Requests.Add(call, who.Name, (int)response.StatusCode, fault);
            done((int)response.StatusCode);
            return response;
        }
    }

    internal HttpResponseMessage Error(ApiException error)
    {
        var response = Answer(error.Code, error.Body.Clone());
        if (error.RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds));
        return response;
    }

    private HttpResponseMessage Answer(HttpStatusCode code, JsonNode body) => Answer(code, body.ToJsonString(), "application/json");

    private HttpResponseMessage Answer(HttpStatusCode code, string text, string type) =>
        Dated(new(code) { Content = new StringContent(text, Encoding.UTF8, type) }, _poison.TryDequeue(out var by) ? by : TimeSpan.Zero);

    private HttpResponseMessage Dated(HttpResponseMessage response, TimeSpan poison = default)
    {
        // As on the wire: whole seconds.
        response.Headers.Date = DateTimeOffset.FromUnixTimeSeconds((Clock.GetUtcNow() + DateSkew + poison).ToUnixTimeSeconds());
        return response;
    }

    private FakeUser Authenticate(FakeUser user, HttpRequestMessage request)
    {
        if (request.Headers.Authorization is not { Scheme: "Bearer", Parameter: { } token }) return user;
        return _tokens.Authenticate(token).User ?? throw ApiException.Unauthorized();
    }

    private void Authorize(ApiCall call, FakeUser user)
    {
        if (!user.EnforceRbac) return;
        var groups = user.AllGroups;
        if (call.Version.Length == 0)
        {
            if (_rbac.Decide(new(user.Name, groups, call.Verb) { Path = call.Path }).Allowed) return;
            throw ApiException.Forbidden(null, "", $"User \"{user.Name}\" cannot {call.Verb} path \"{call.Path}\"");
        }

        RequireAccess(call, user, call.Verb);
    }

    private void RequireAccess(ApiCall call, FakeUser user, string verb)
    {
        var ns = call.Resource == "namespaces" && call.Group.Length == 0 ? call.Name : call.Namespace;
        var question = new AccessQuestion(user.Name, user.AllGroups, verb)
        {
            Group = call.Group, Resource = call.Resource, Subresource = call.Subresource, Namespace = ns, Name = call.Name,
        };
        var (allowed, reason) = _rbac.Decide(question);
        if (allowed) return;
        var scope = ns.Length > 0 ? $"in the namespace \"{ns}\"" : "at the cluster scope";
        var why = $"User \"{user.Name}\" cannot {verb} resource \"{question.CombinedResource}\" in API group \"{call.Group}\" {scope}";
        var resource = new ResourceDefinition(call.Group, call.Version, "", call.Resource, false);
        throw ApiException.Forbidden(resource, call.Name, reason.Length == 0 ? why : $"{why}: {reason}");
    }

    private HttpResponseMessage Dispatch(ApiCall call, FakeUser user, HttpRequestMessage request, byte[] body)
    {
        if (body.Length > BodyLimit) throw ApiException.RequestTooLarge();
        if (call.Version.Length == 0)
        {
            return Discovery.Answer(call, Resources, _options.Version) is var (text, type) ? Answer(HttpStatusCode.OK, text, type) : PageNotFound();
        }

        if (call.Query.Contains("dryRun=", StringComparison.Ordinal)) throw NoDryRun();
        if (call.Verb == "create" && _reviews.Answer(call, user, Parse(body)) is { } review) return Answer(HttpStatusCode.Created, review);
        if (Resources.Find(call.Group, call.Version, call.Resource) is not { } r)
        {
            return Resources.ServesBuiltIn(call.Group, call.Version) ? throw ApiException.UnknownResource() : PageNotFound();
        }

        if (call.Is("create", "serviceaccounts/token"))
        {
            _writer.RequireLiveNamespace(r, call.Namespace, call.Name);
            return Answer(HttpStatusCode.Created, _tokens.Issue(call.Namespace, call.Name, Parse(body)));
        }

        if (call.Subresource.Length > 0 && !(call.Subresource == "status" && r.HasStatus) && !(call.Subresource == "approval" && r.HasApproval))
            throw ApiException.UnknownResource();
        if (call.Namespace.Length > 0 != r.Namespaced && !(r.Namespaced && call.Verb is "list" or "watch")) throw ApiException.UnknownResource();
        var metadataOnly = request.Headers.Accept.Any(
            a => a.Parameters.Any(p => p.Name == "as" && p.Value?.StartsWith("PartialObjectMetadata", StringComparison.Ordinal) is true));
        var key = new StoreKey(call.Namespace, call.Name);
        return call.Verb switch
        {
            "get" => Object(HttpStatusCode.OK, _store.Find(r, key) ?? throw ApiException.NotFound(r, call.Name), metadataOnly),
            "list" => Answer(HttpStatusCode.OK, _lister.List(r, call, metadataOnly)),
            "watch" => Watch(call, r, metadataOnly),
            "create" when call.Name.Length == 0 => Object(HttpStatusCode.Created, Create(call, r, user, Parse(body)), metadataOnly),
            "update" when call.Name.Length > 0 =>
                Object(_store.Find(r, key) is null ? HttpStatusCode.Created : HttpStatusCode.OK, Update(call, r, key, user, Parse(body)), metadataOnly),
            "patch" when call.Name.Length > 0 => Patch(call, r, key, user, request, body, metadataOnly),
            "delete" => Delete(call, r, key, Options(call, body)),
            "deletecollection" => DeleteCollection(call, r, Options(call, body)),
            _ => throw ApiException.MethodNotAllowed(),
        };
    }

    private static ApiException NoDryRun() => ApiException.Of(501, "NotImplemented", "the fake API server knows no dry run");

    private HttpResponseMessage PageNotFound() => Answer(HttpStatusCode.NotFound, "404 page not found\n", "text/plain");

    private HttpResponseMessage Object(HttpStatusCode code, JsonObject o, bool metadataOnly) => Answer(code, metadataOnly ? o.MetadataOnly() : o);

    private HttpResponseMessage Watch(ApiCall call, ResourceDefinition r, bool metadataOnly)
    {
        var content = new StreamContent(Watches.Start(call, r, metadataOnly).Stream);
        content.Headers.ContentType = new("application/json");
        return Dated(new(HttpStatusCode.OK) { Content = content });
    }

    private static JsonObject Parse(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body) as JsonObject ?? throw ApiException.BadRequest("the body of the request is no object");
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest($"the object provided is unrecognized (must be of type JSON): {e.Message}");
        }
    }
}
