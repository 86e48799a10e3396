using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>No webhook answers: the plugin ends access in the way that is left, and says so.</summary>
public sealed class OutOfReachTests : IDisposable
{
    private static readonly Fault Unanswered = Fault.Answer(
        500, "InternalError", "Internal error occurred: failed calling webhook \"mutate.breakglass.dev\": connection refused");

    private readonly PluginHarness _plugin = new();

    public OutOfReachTests()
    {
        _plugin.Server.CreateNamespace("payments");
        _plugin.Server.CreateNamespace("breakglass-grants");
        var (identity, ours) = (GrantNames.Identity(A.Grant()), GrantNames.Binding(A.Grant(), "payments"));
        var active = A.Grant() with
        {
            Status = new()
            {
                Phase = GrantPhase.Active, ServiceAccount = $"breakglass-grants/{identity}", CredentialSecret = $"breakglass-grants/{identity}",
                Bindings = [new() { Kind = "RoleBinding", Namespace = "payments", Name = ours }, new() { Kind = "ClusterRoleBinding", Name = "foreign" }],
            },
        };
        _plugin.Server.Put(A.Policy());
        _plugin.Server.Put(active);
        var marks = new Dictionary<string, string> { [BreakGlassApi.GrantUidAnnotation] = "grant-1" };
        var role = new V1RoleRef { ApiGroup = V1Role.KubeGroup, Kind = "ClusterRole", Name = "edit" };
        Rbacv1Subject[] subjects = [new() { Kind = "ServiceAccount", NamespaceProperty = "breakglass-grants", Name = identity }];
        _plugin.Server.Put(
            new V1RoleBinding { Metadata = new() { Name = ours, NamespaceProperty = "payments", Annotations = marks }, RoleRef = role, Subjects = subjects });
        _plugin.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "foreign" }, RoleRef = role });
        _plugin.Server.Put(new V1ServiceAccount { Metadata = new() { Name = identity, NamespaceProperty = "breakglass-grants", Annotations = marks } });
        _plugin.Server.Put(new V1Secret { Metadata = new() { Name = identity, NamespaceProperty = "breakglass-grants", Annotations = marks } });
    }

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task A_revocation_that_cannot_be_written_is_cut_by_hand_and_nothing_foreign_with_it()
    {
        _plugin.Server.Faults.Inject(Unanswered, "patch", "breakglassgrants");
        (await _plugin.RunAsync("revoke", "inc-4711")).Should().Be(1);
        _plugin.Error.Should().Contain("deleted 3 object(s) that gave access").And.Contain("A running operator creates them again").And
            .Contain("kubectl breakglass lockdown");
        (_plugin.Server.List<V1RoleBinding>().Count, _plugin.Server.List<V1Secret>().Count,
            _plugin.Server.List<V1ServiceAccount>().Count(a => a.AnnotationsOrEmpty.Count > 0)).Should().Be((0, 0, 0));
        _plugin.Server.List<V1ClusterRoleBinding>().Should().Contain(b => b.Metadata.Name == "foreign");
    }

    [Fact]
    public async Task A_lockdown_that_cannot_be_written_is_cut_by_hand()
    {
        _plugin.Server.Faults.Inject(Unanswered, "create", "breakglasslockdowns");
        (await _plugin.RunAsync("lockdown", "--reason", "token leaked")).Should().Be(1);
        _plugin.Error.Should().Contain("the lockdown cannot be written").And.Contain("3 object(s)");
    }

    [Fact]
    public async Task A_lockdown_that_no_webhook_saw_says_that_nobody_is_named_in_it()
    {
        (await _plugin.RunAsync("lockdown", "--reason", "token leaked", "--wait=false")).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().Contain("does not name its author");
    }
}
