using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;

namespace Integration.Attacks;

/// <summary>Reaching the webhooks without being the API server, looking like somebody else, and filling up what belongs to others.</summary>
internal static class GateRows
{
    /// <summary>Cyrillic а, and a zero-width space behind the name.</summary>
    private const string LooksLikeAlice = "\u0430lice\u200b";

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Mallory", "reports at /guard, in the name of Alice's grant, what it never tried",
            Expectation.Shows("404, and nothing is recorded", async (s, answer) =>
            {
                answer.Should().Be(new ApiAnswer(404, ""));
                await s.StillActiveAsync();
                (await s.Stage.Cluster.GrantAsync(s.Grant))!.Status.Residue.Should().BeEmpty();
                await s.CloseAsync();
            }), async s =>
        {
            await s.PolicyAsync();
            var grant = await s.OpenAsync(s.Stage.Alice);
            return await KnockAsync(
                s, ["/guard", "/guard/secrets", "/guard/kube-system", "/guard/namespaces", "/guard/20260101-0123456789abcdef0123456789abcdef", "/stamp"], $$"""
                    {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","name":"mine","namespace":"{{s.Namespace}}",
                     "resource":{"group":"rbac.authorization.k8s.io","version":"v1","resource":"rolebindings"},
                     "userInfo":{"username":"system:serviceaccount:breakglass-grants:{{grant.Status.ServiceAccount!.Split('/')[1]}}"},"object":{} } }
                    """);
        }),
        new("Mallory", "has a grant in Alice's name stamped and sealed at /mutate", Expectation.Shows("404, and no seal", (_, answer) =>
        {
            answer.Should().Be(new ApiAnswer(404, ""));
            return Task.CompletedTask;
        }), async s =>
        {
            await s.PolicyAsync();
            return await KnockAsync(s, ["/mutate", "/validate", "/mutate/", "/mutate/20260101-0123456789abcdef0123456789abcdef"], $$"""
                {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","name":"{{s.Grant}}",
                 "kind":{"group":"breakglass.dev","version":"v1alpha1","kind":"BreakGlassGrant"},"resource":{"group":"breakglass.dev","version":"v1alpha1","resource":"breakglassgrants"},
                 "userInfo":{"username":"alice","groups":["payments-oncall"]},
                 "object":{"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassGrant","metadata":{"name":"{{s.Grant}}"},"spec":{"policy":"{{s.Policy}}","justification":"{{Scene.Justification}}"} } } }
                """);
        }),
        new("Alice's double", "asks under a name that looks like alice",
            Expectation.Refused(@"'\u{430}lice\u{200B} (unusual characters)' is not among the requesters"), async s =>
            {
                await s.PolicyAsync(requesters: "{kind: User, name: alice}");
                return await s.AskAsync(s.Stage.Admin.As(LooksLikeAlice, "payments-oncall"));
            }),
        new("Alice's double", "approves under a name that looks like alice", Expectation.Shows("the record says which name it is", async (s, answer) =>
        {
            answer.OrThrow();
            var grant = await s.UntilAsync(GrantPhase.Active);
            Conditions.Find(grant.Status.Conditions, "Approved")!.Message.Should().Be(@"Approved by \u{430}lice\u{200B} (unusual characters).");
            await s.CloseAsync();
        }), async s =>
        {
            await s.PolicyAsync(Scene.Approval);
            (await s.AskAsync(s.Stage.Bob)).OrThrow();
            return await s.DecideAsync(s.Stage.Admin.As(LooksLikeAlice, "commanders"));
        }),
        new("Bob", "fills Alice's grant with field managers, so that it gets too large to be revoked",
            Expectation.Shows("refused at a bound, and Alice ends it", async (s, answer) =>
            {
                answer.Code.Should().Be(422, answer.Says);
                answer.Says.Should().Contain("metadata.managedFields");
                await s.StillActiveAsync();
                await s.EndAsync(s.Stage.Alice);
            }), async s =>
        {
            await s.PolicyAsync();
            await s.OpenAsync(s.Stage.Alice);
            var labels = string.Join(", ", Enumerable.Range(0, 150).Select(i => string.Create(CultureInfo.InvariantCulture, $"l{i}: v")));
            var manifest = $"{{apiVersion: breakglass.dev/v1alpha1, kind: BreakGlassGrant, metadata: {{name: {s.Grant}, labels: {{{labels}}} }} }}";
            ApiAnswer answer;
            var managers = 0;
            do
            {
                answer = await s.Stage.Bob.SendAsync(
                    HttpMethod.Patch, string.Create(CultureInfo.InvariantCulture,
                        $"/apis/breakglass.dev/v1alpha1/{s.GrantPath}?fieldManager=m{managers++}&force=true"), manifest, "application/apply-patch+yaml");
            }
            while (answer.Good && managers < 100);
            return answer;
        }),
        new("Bob", "writes a finalizer and 240 KiB onto Alice's grant, as somebody who may only ask", Expectation.RefusedAndUntouched("metadata"), async s =>
        {
            await s.PolicyAsync();
            await s.OpenAsync(s.Stage.Alice);
            var large = await s.Stage.Bob.PatchAsync(s.GrantPath, $$$"""{"metadata":{"annotations":{"a":"{{{new string('x', 240 * 1024)}}}"} } }""");
            large.Says.Should().Contain("at most 16384");
            return await s.Stage.Bob.PatchAsync(s.GrantPath, """{"metadata":{"finalizers":["breakglass.dev/revoke","example.com/hold"]}}""");
        }),
    ];

    /// <summary>Sends a review to the operator's own port, as anybody who reaches it can; the answers must all be the same.</summary>
    private static async Task<ApiAnswer> KnockAsync(Scene s, IReadOnlyList<string> paths, string review)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
#pragma warning disable CA5359 // An attacker does not care whose certificate it is.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        using var http = new HttpClient(handler);
        var answers = new List<ApiAnswer>();
        foreach (var path in paths)
        {
            using var body = new StringContent(review, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));
            using var answer = await http.PostAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{s.Stage.Port}{path}")), body);
            answers.Add(new((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }

        return answers.Distinct().Should().ContainSingle("no path says more than another").Subject;
    }
}
