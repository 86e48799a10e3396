using System.Text.Json;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>The record of what was done with a grant is the operator's: a person who could change it could hide what they did.</summary>
public sealed class SessionRecordTests : IAsyncLifetime
{
    private const string Collector = "system:serviceaccount:kube-system:generic-garbage-collector";
    private const string Operator = $"system:serviceaccount:{WebhookHarness.Ns}:breakglass-operator";

    private WebhookHarness _webhooks = null!;

    public async Task InitializeAsync() => _webhooks = await WebhookHarness.OpenAsync();

    public Task DisposeAsync()
    {
        _webhooks.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData(Operator, "CREATE", "", true)]
    [InlineData(Operator, "UPDATE", "", true)]
    [InlineData(Operator, "UPDATE", "status", true)]
    [InlineData(Operator, "DELETE", "", false)]
    [InlineData("system:serviceaccount:elsewhere:breakglass-operator", "UPDATE", "status", false)]
    [InlineData("system:serviceaccount:breakglass-system:breakglass-reaper", "UPDATE", "status", false)]
    [InlineData("admin", "CREATE", "", false)]
    [InlineData("admin", "UPDATE", "", false)]
    [InlineData("admin", "UPDATE", "status", false)]
    [InlineData("admin", "DELETE", "", false)]
    [InlineData(Collector, "UPDATE", "", true)]
    [InlineData(Collector, "UPDATE", "status", false)]
    [InlineData(Collector, "CREATE", "", false)]
    [InlineData(Collector, "DELETE", "", true)]
    [InlineData("system:kube-controller-manager", "DELETE", "", true)]
    public async Task While_the_grant_exists_the_operator_writes_its_record_and_the_garbage_collector_may_tidy_up(
        string user, string operation, string subresource, bool isAllowed)
    {
        _webhooks.Server.Put(A.Grant());
        var answer = await AskAsync(user, operation, subresource);
        answer.Allowed.Should().Be(isAllowed);
        if (!isAllowed) answer.Message.Should().Contain("only the operator writes it").And.Contain("delete the grant");
    }

    [Fact]
    public async Task The_record_of_a_grant_that_is_gone_can_go_and_that_of_a_namesake_too()
    {
        (await AskAsync("admin", "DELETE")).Allowed.Should().BeTrue("its grant is gone");
        (await AskAsync("admin", "UPDATE")).Allowed.Should().BeFalse();
        var grant = A.Grant();
        _webhooks.Server.Put(grant with { Metadata = grant.Metadata with { Uid = "another" } });
        (await AskAsync("admin", "DELETE")).Allowed.Should().BeTrue("the grant of its name is another one");
    }

    [Fact]
    public async Task A_collection_is_judged_by_each_object_in_it()
    {
        _webhooks.Server.Put(A.Grant());
        (await AskAsync("admin", "DELETE", name: "")).Message.Should().Contain("'inc-4711'");
    }

    private async Task<Kube.Runtime.AdmissionAnswer> AskAsync(string user, string operation, string subresource = "", string? name = null)
    {
        var session = new BreakGlassSession
        {
            Metadata = new()
            {
                Name = "inc-4711", Uid = "session-1",
                OwnerReferences =
                    [new() { ApiVersion = BreakGlassApi.ApiVersion, Kind = nameof(BreakGlassGrant), Name = "inc-4711", Uid = A.Grant().Metadata.Uid! }],
            },
        };
        var request = WebhookHarness.Request(
            operation is "DELETE" ? null : session, operation is "CREATE" ? null : session, WebhookHarness.User(user, "system:masters"));
        return await _webhooks.Validate(request with { SubResource = subresource, Name = name ?? request.Name }, default);
    }
}
