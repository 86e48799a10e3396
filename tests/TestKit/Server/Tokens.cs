using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>Service-account tokens: issued by TokenRequest, checked by TokenReview and as bearer tokens. Callers hold the store's gate.</summary>
internal sealed class Tokens(ObjectStore store, ResourceRegistry resources, TimeProvider clock, FakeApiServerOptions options)
{
    private const long ShortestLife = 600;
    private const long DefaultLife = 3600;

    // The API server takes an object whose deletion is younger than this for still there (pkg/serviceaccount/claims.go).
    private static readonly TimeSpan DeletionLeeway = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Claims> _issued = [];
    private readonly Dictionary<string, long> _accepted = [];

    private sealed record Claims(
        string Namespace, string Account, string AccountUid, string? Secret, string? SecretUid, DateTimeOffset Expires, IReadOnlyList<string> Audiences);

    /// <summary>Answers a TokenRequest (pkg/registry/core/serviceaccount/storage/token.go).</summary>
    public JsonObject Issue(string ns, string account, JsonObject request)
    {
        var life = request.Number("spec", "expirationSeconds") ?? DefaultLife;
        if (life < ShortestLife)
        {
            throw ApiException.Invalid("authentication.k8s.io", "TokenRequest", "",
                FieldError.Invalid("spec.expirationSeconds", Json.Invariant(life), "may not specify a duration less than 10 minutes"));
        }

        var accounts = Kind("serviceaccounts");
        var sa = store.Find(accounts, new(ns, account)) ?? throw ApiException.NotFound(accounts, account);
        var bound = request["spec"]?["boundObjectRef"] as JsonObject;
        var secret = bound is null ? null : Bound(ns, bound);
        var audiences = request["spec"].Texts("audiences") is { Count: > 0 } asked ? asked : [options.Audience];
        var expires = clock.GetUtcNow().AddSeconds(life);
        var claims = new Claims(
            ns, account, sa.Uid(), secret?.Name(), secret?.Uid(), DateTimeOffset.FromUnixTimeSeconds(expires.ToUnixTimeSeconds()), audiences);
        var token = Encode(claims);
        _issued[token] = claims;

        var answer = request.Clone();
        answer["kind"] = "TokenRequest";
        answer["apiVersion"] = "authentication.k8s.io/v1";
        answer["metadata"] = new JsonObject { ["name"] = account, ["namespace"] = ns, ["creationTimestamp"] = Json.Seconds(clock.GetUtcNow()) };
        var spec = answer["spec"] as JsonObject ?? [];
        spec["expirationSeconds"] = life;
        spec["audiences"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]);
        if (spec.Parent is null) answer["spec"] = spec;
        answer["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = Json.Seconds(claims.Expires) };
        return answer;
    }

    /// <summary>Whom a token stands for now; null and why if for nobody.</summary>
    public (FakeUser? User, IReadOnlyList<string> Audiences, string? Error) Authenticate(string token)
    {
        if (!_issued.TryGetValue(token, out var claims)) return (null, [], "invalid bearer token");
        var user = FakeUser.ServiceAccount(claims.Namespace, claims.Account) with { Uid = claims.AccountUid };
        if (_accepted.TryGetValue(token, out var at) && clock.GetElapsedTime(at) < options.TokenCache) return (user, claims.Audiences, null);
        _accepted.Remove(token);
        if (Fault(claims) is { } fault) return (null, [], $"[invalid bearer token, {fault}]");
        if (options.TokenCache > TimeSpan.Zero) _accepted[token] = clock.GetTimestamp();
        return (user, claims.Audiences, null);
    }

    private string? Fault(Claims claims)
    {
        if (clock.GetUtcNow() > claims.Expires + options.TokenLeeway) return "Token has expired.";
        var sa = store.Find(Kind("serviceaccounts"), new(claims.Namespace, claims.Account));
        if (sa is null) return $"serviceaccounts \"{claims.Account}\" not found";
        if (IsLongDeleted(sa)) return $"ServiceAccount {claims.Namespace}/{claims.Account} has been deleted";
        if (sa.Uid() != claims.AccountUid) return $"ServiceAccount UID ({sa.Uid()}) does not match claim ({claims.AccountUid})";
        if (claims.Secret is null) return null;
        var secret = store.Find(Kind("secrets"), new(claims.Namespace, claims.Secret));
        if (secret is null || IsLongDeleted(secret)) return "Token has been invalidated";
        return secret.Uid() == claims.SecretUid ? null : $"Secret UID ({secret.Uid()}) does not match claim ({claims.SecretUid})";
    }

    private JsonObject Bound(string ns, JsonObject reference)
    {
        var (version, kind, name) = (reference.Text("apiVersion"), reference.Text("kind"), reference.Text("name"));
        if (kind != "Secret" || version is not ("v1" or "")) throw ApiException.BadRequest($"cannot bind token to object of type /{version}, Kind={kind}");
        var secrets = Kind("secrets");
        var secret = store.Find(secrets, new(ns, name)) ?? throw ApiException.NotFound(secrets, name);
        if (reference.Text("uid") is { Length: > 0 } uid && uid != secret.Uid())
        {
            throw ApiException.Conflict(secrets with { Plural = "Secret" }, name,
                $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated");
        }

        return secret;
    }

    private bool IsLongDeleted(JsonObject o) =>
        o.Text("metadata", "deletionTimestamp") is { Length: > 0 } at
        && DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) < clock.GetUtcNow() - DeletionLeeway;

    private string Encode(Claims claims)
    {
        var kubernetes = new JsonObject
        {
            ["namespace"] = claims.Namespace,
            ["serviceaccount"] = new JsonObject { ["name"] = claims.Account, ["uid"] = claims.AccountUid },
        };
        if (claims.Secret is not null) kubernetes["secret"] = new JsonObject { ["name"] = claims.Secret, ["uid"] = claims.SecretUid };
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var payload = new JsonObject
        {
            ["aud"] = new JsonArray([.. claims.Audiences.Select(a => (JsonNode)a)]),
            ["exp"] = claims.Expires.ToUnixTimeSeconds(),
            ["iat"] = now,
            ["nbf"] = now,
            ["iss"] = options.Audience,
            ["sub"] = $"system:serviceaccount:{claims.Namespace}:{claims.Account}",
            ["kubernetes.io"] = kubernetes,
        };
        var head = $"{Part("""{"alg":"RS256","kid":"fake"}""")}.{Part(payload.ToJsonString())}";
        // No signature: the server knows its tokens by heart. It only has to differ from token to token.
        return $"{head}.{Part(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{head} {_issued.Count}"))))}";
    }

    private static string Part(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private ResourceDefinition Kind(string plural) => resources.Find("", "v1", plural)!;
}
