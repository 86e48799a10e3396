using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>A grant that was asked for before; and the way back to one's own name from the shell in which it is used.</summary>
public sealed class PolicyUseTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public PolicyUseTests() => _plugin.Server.Put(A.Policy());

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task A_request_that_does_not_wait_says_how_to_take_it_up_and_that_works()
    {
        (await _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--wait=false"))
            .Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("breakglassgrant.breakglass.dev/inc-1 created\n");
        _plugin.Error.Should().Contain("kubectl breakglass use inc-1");
        _plugin.Clear();

        var use = _plugin.RunAsync("use", "inc-1");
        _plugin.ActivateWithSecret("inc-1", "s3cret");
        (await use).Should().Be(0, _plugin.Error);
        var path = Path.Combine(_plugin.CredentialDirectory, "inc-1.kubeconfig");
        _plugin.Out.Should().Be($"export KUBECONFIG='{path}'\n");
        (await File.ReadAllTextAsync(path)).Should().Contain("s3cret").And.Contain("https://api.example.test:6443");
        File.GetUnixFileMode(path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _plugin.Error.Should().Contain("access works until").And.NotContain("s3cret");
    }

    [Fact]
    public async Task A_grant_that_is_denied_or_encrypted_to_somebody_is_refused_with_what_to_do()
    {
        await _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--wait=false");
        _plugin.Deny("inc-1", "TicketMissing", "spec.ticket is missing.");
        (await _plugin.RunAsync("use", "inc-1")).Should().Be(3);
        _plugin.Error.Should().Contain("spec.ticket is missing.");

        var waits = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-2");
        await AskedAsync("inc-2");
        _plugin.Activate("inc-2");
        await waits;
        (await _plugin.RunAsync("use", "inc-2", "-f", "-")).Should().Be(1);
        _plugin.Error.Should().Contain("only they can decrypt it").And.Contain("--wait=false");
        (await _plugin.RunAsync("use", "inc-3")).Should().Be(4);
    }

    [Fact]
    public async Task Where_the_grants_kubeconfig_is_in_use_the_plugin_acts_under_ones_own_name()
    {
        _plugin["KUBECONFIG"] = "/home/alice/.kube/config";
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--context", "prod");
        await _plugin.AskedAsync();
        _plugin.Activate("inc-1");
        await run;
        var granted = Path.Combine(_plugin.CredentialDirectory, "inc-1.kubeconfig");

        _plugin["KUBECONFIG"] = granted;
        await _plugin.RunAsync("list");
        _plugin.Connected.Kubeconfig.Should().Be("/home/alice/.kube/config");
        _plugin.Connected.Flags.Context.Should().Be("prod");

        _plugin["KUBECONFIG"] = granted;
        await _plugin.RunAsync("list", "--kubeconfig", granted);
        _plugin.Connected.Kubeconfig.Should().Be(granted, "whoever names a kubeconfig means that one");

        _plugin["KUBECONFIG"] = granted;
        _plugin.SetStatus("inc-1", g => g.Status with { Phase = GrantPhase.Revoked });
        await _plugin.RunAsync("revoke", "inc-1");
        _plugin.Error.Should().Contain("To use your own again: export KUBECONFIG='/home/alice/.kube/config'");
        File.Exists(granted).Should().BeFalse();
    }

    [Fact]
    public async Task A_second_request_from_that_shell_leads_back_to_the_same_own_kubeconfig()
    {
        foreach (var name in (string[])["inc-1", "inc-2"])
        {
            var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", name);
            await AskedAsync(name);
            _plugin.Activate(name);
            (await run).Should().Be(0, _plugin.Error);
            _plugin["KUBECONFIG"] = Path.Combine(_plugin.CredentialDirectory, $"{name}.kubeconfig");
        }

        await _plugin.RunAsync("list");
        _plugin.Connected.Kubeconfig.Should().BeEmpty("it was none at first, so ~/.kube/config");
    }

    private Task AskedAsync(string name) => _plugin.Server.Until(() => _plugin.Server.Get<BreakGlassGrant>(name) is not null, $"the grant {name}")
        .WaitAsync(Eventually.Limit, TimeProvider.System);
}
