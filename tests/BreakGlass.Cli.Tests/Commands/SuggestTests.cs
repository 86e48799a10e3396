using System.Text.Json.Nodes;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>What of its roles a policy needed.</summary>
public sealed class SuggestTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public SuggestTests()
    {
        _plugin.Server.CreateNamespace("payments");
        _plugin.Server.Put(A.Policy());
        _plugin.Server.Put(A.ClusterRole("edit", A.Rule("", "pods", "get", "list", "watch", "delete"), A.Rule("apps", "deployments", "*"),
            A.Rule("", "secrets", "get", "list"), A.Rule("", "pods/exec", "create", "get")));
    }

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task The_rules_are_shown_with_their_use()
    {
        PutStory();
        (await _plugin.RunAsync("suggest", "payments-oncall")).Should().Be(0, _plugin.Error);
        Golden.Check(_plugin.Out, "suggest.txt");
        _plugin.Error.Should().Contain("inc-2").And.Contain("no session record").And.Contain("may be too small: inc-3").And.Contain("-o yaml");
    }

    [Fact]
    public async Task The_smaller_role_is_a_manifest_that_says_what_it_rests_on()
    {
        PutStory();
        (await _plugin.RunAsync("suggest", "payments-oncall", "-o", "yaml")).Should().Be(0, _plugin.Error);
        Golden.Check(_plugin.Out, "suggest.yaml");
        _plugin.Clear();
        (await _plugin.RunAsync("suggest", "payments-oncall", "-o", "json")).Should().Be(0, _plugin.Error);
        JsonNode.Parse(_plugin.Out)!["withoutRecord"]!.AsArray().Select(n => n!.GetValue<string>()).Should().Equal("inc-2");
    }

    [Fact]
    public async Task One_grant_can_be_compared_alone()
    {
        PutStory();
        (await _plugin.RunAsync("suggest", "payments-oncall", "--grant", "inc-3", "-o", "yaml")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("1 grant(s)").And.NotContain("deployments");
        _plugin.Clear();
        (await _plugin.RunAsync("suggest", "payments-oncall", "--grant", "inc-2")).Should().Be(4);
        _plugin.Error.Should().Contain("no record");
    }

    [Fact]
    public async Task What_a_client_sends_does_not_leave_its_comment()
    {
        PutStory();
        PutSession("inc-1", new SessionAction { Verb = "get", Resource = "pods\nrules: []", Namespace = "x\n---", Result = ActionResult.Denied, Count = 1 },
            Done("list", "", "pods"));
        (await _plugin.RunAsync("suggest", "payments-oncall", "--grant", "inc-1", "-o", "yaml")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().NotContain("\nrules: []").And.Contain(@"pods\u{A}rules");
    }

    private void PutStory()
    {
        foreach (var name in new[] { "inc-1", "inc-2", "inc-3" })
        {
            var grant = A.FinishedGrant(GrantPhase.Expired, name, $"uid-{name}");
            _plugin.Server.Put(grant with { Status = grant.Status with
            {
                Bindings = [new() { Kind = "RoleBinding", Namespace = "payments", Name = $"b-{name}", Role = "ClusterRole/edit" }],
            } });
        }

        PutSession("inc-1", Done("list", "", "pods"), Done("get", "", "pods", name: "checkout-1"), Done("patch", "apps", "deployments", name: "checkout"),
            Done("get", "apps", "deployments", name: "checkout"), Done("create", "authorization.k8s.io", "selfsubjectaccessreviews", ns: ""),
            Done("delete", "", "services", name: "checkout", result: ActionResult.Denied));
        PutSession("inc-3", [.. Enumerable.Range(1, 6).Select(i => Done("get", "", "pods", name: $"checkout-{i}")),
            new() { Verb = "*", Name = "*", Count = 12 }]);
    }

    private static SessionAction Done(
        string verb, string group, string resource, string ns = "payments", string name = "", ActionResult result = ActionResult.Allowed) => new()
        {
            Observer = "a", Verb = verb, ApiGroup = group, Resource = resource, Namespace = ns, Name = name, Result = result, Count = 2,
            FirstAt = A.Start, LastAt = A.Start,
        };

    private void PutSession(string grant, params SessionAction[] actions) => _plugin.Server.Put(new BreakGlassSession
    {
        Metadata = new() { Name = grant },
        Status = new() { GrantUid = $"uid-{grant}", Policy = "payments-oncall", Actions = actions },
    });
}
