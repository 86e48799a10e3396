using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>The review APIs: questions that are posted, answered and not kept.</summary>
internal sealed class Reviews(RbacAuthorizer rbac, Tokens tokens)
{
    /// <summary>The answer, or null if this is no review API.</summary>
    public JsonObject? Answer(ApiCall call, FakeUser user, JsonObject body)
    {
        var status = (call.Group, call.Resource) switch
        {
            ("authorization.k8s.io", "subjectaccessreviews") => SubjectAccess(body),
            ("authorization.k8s.io", "selfsubjectaccessreviews") => Access("SelfSubjectAccessReview", body, user.Name, user.AllGroups, user.EnforceRbac),
            ("authentication.k8s.io", "tokenreviews") => Token(body),
            _ => null,
        };
        if (status is null) return null;
        if (call.Verb != "create") throw ApiException.MethodNotAllowed();
        var answer = body.Clone();
        if (answer["metadata"] is not JsonObject) answer["metadata"] = new JsonObject();
        answer["status"] = status;
        return answer;
    }

    private JsonObject SubjectAccess(JsonObject body)
    {
        var user = body.Text("spec", "user");
        var groups = body["spec"].Texts("groups");
        if (user.Length == 0 && groups.Count == 0) throw ApiException.Invalid(
            "authorization.k8s.io", "SubjectAccessReview", "", FieldError.Invalid("spec.user", "\"\"", "at least one of user or group must be specified"));
        return Access("SubjectAccessReview", body, user, groups, true);
    }

    private JsonObject Access(string kind, JsonObject body, string user, IReadOnlyList<string> groups, bool enforce)
    {
        var resource = body["spec"]?["resourceAttributes"] as JsonObject;
        var path = body["spec"]?["nonResourceAttributes"] as JsonObject;
        if (resource is null == path is null)
        {
            throw ApiException.Invalid("authorization.k8s.io", kind, "",
                FieldError.Invalid("spec.resourceAttributes", "null", "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        }

        var question = new AccessQuestion(user, groups, (resource ?? path).Text("verb"))
        {
            Path = path?.Text("path"),
            Group = resource.Text("group"),
            Resource = resource.Text("resource"),
            Subresource = resource.Text("subresource"),
            Namespace = resource.Text("namespace"),
            Name = resource.Text("name"),
        };
        var (allowed, reason) = enforce ? rbac.Decide(question) : (true, "");
        var status = new JsonObject { ["allowed"] = allowed };
        if (reason.Length > 0) status["reason"] = reason;
        return status;
    }

    private JsonObject Token(JsonObject body)
    {
        var token = body.Text("spec", "token");
        if (token.Length == 0) throw ApiException.BadRequest("token is required for TokenReview in authentication");
        var (user, audiences, error) = tokens.Authenticate(token);
        var asked = body["spec"].Texts("audiences");
        var common = asked.Count == 0 ? audiences : [.. asked.Intersect(audiences)];
        if (user is null || common.Count == 0)
        {
            return new JsonObject { ["user"] = new JsonObject(), ["error"] = error ?? $"token audiences [{string.Join(' ', audiences)}] is invalid for the "
                + $"target audiences [{string.Join(' ', asked)}]" };
        }

        return new JsonObject
        {
            ["authenticated"] = true,
            ["user"] = new JsonObject
            {
                ["username"] = user.Name,
                ["uid"] = user.Uid,
                ["groups"] = new JsonArray([.. user.AllGroups.Select(g => (JsonNode)g)]),
            },
            ["audiences"] = new JsonArray([.. common.Select(a => (JsonNode)a)]),
        };
    }
}
