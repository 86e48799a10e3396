using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>A grant that was asked for before; and the way back to one's own name from the shell in which it is used.</summary>
public sealed class UseTests : IDisposable
{
    private readonly Desk _desk = new();

    public UseTests() => _desk.Server.Put(A.Policy());

    public void Dispose() => _desk.Dispose();

    [Fact]
    public async Task A_request_that_does_not_wait_says_how_to_take_it_up_and_that_works()
    {
        (await _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--wait=false")).Should().Be(0, _desk.Error);
        _desk.Out.Should().Be("breakglassgrant.breakglass.dev/inc-1 created\n");
        _desk.Error.Should().Contain("kubectl breakglass use inc-1");
        _desk.Clear();

        var use = _desk.RunAsync("use", "inc-1");
        _desk.ActivateWithSecret("inc-1", "s3cret");
        (await use).Should().Be(0, _desk.Error);
        var path = Path.Combine(_desk.CredentialDirectory, "inc-1.kubeconfig");
        _desk.Out.Should().Be($"export KUBECONFIG='{path}'\n");
        (await File.ReadAllTextAsync(path)).Should().Contain("s3cret").And.Contain("https://api.example.test:6443");
        File.GetUnixFileMode(path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _desk.Error.Should().Contain("access works until").And.NotContain("s3cret");
    }

    [Fact]
    public async Task A_grant_that_is_denied_or_encrypted_to_somebody_is_refused_with_what_to_do()
    {
        await _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--wait=false");
        _desk.Deny("inc-1", "TicketMissing", "spec.ticket is missing.");
        (await _desk.RunAsync("use", "inc-1")).Should().Be(3);
        _desk.Error.Should().Contain("spec.ticket is missing.");

        var waits = _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-2");
        await AskedAsync("inc-2");
        _desk.Activate("inc-2");
        await waits;
        (await _desk.RunAsync("use", "inc-2", "-f", "-")).Should().Be(1);
        _desk.Error.Should().Contain("only they can decrypt it").And.Contain("--wait=false");
        (await _desk.RunAsync("use", "inc-3")).Should().Be(4);
    }

    [Fact]
    public async Task Where_the_grants_kubeconfig_is_in_use_the_plugin_acts_under_ones_own_name()
    {
        _desk["KUBECONFIG"] = "/home/alice/.kube/config";
        var run = _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--context", "prod");
        await _desk.AskedAsync();
        _desk.Activate("inc-1");
        await run;
        var granted = Path.Combine(_desk.CredentialDirectory, "inc-1.kubeconfig");

        _desk["KUBECONFIG"] = granted;
        await _desk.RunAsync("list");
        _desk.Connected.Kubeconfig.Should().Be("/home/alice/.kube/config");
        _desk.Connected.Flags.Context.Should().Be("prod");

        _desk["KUBECONFIG"] = granted;
        await _desk.RunAsync("list", "--kubeconfig", granted);
        _desk.Connected.Kubeconfig.Should().Be(granted, "whoever names a kubeconfig means that one");

        _desk["KUBECONFIG"] = granted;
        _desk.SetStatus("inc-1", g => g.Status with { Phase = GrantPhase.Revoked });
        await _desk.RunAsync("revoke", "inc-1");
        _desk.Error.Should().Contain("To use your own again: export KUBECONFIG='/home/alice/.kube/config'");
        File.Exists(granted).Should().BeFalse();
    }

    [Fact]
    public async Task A_second_request_from_that_shell_leads_back_to_the_same_own_kubeconfig()
    {
        foreach (var name in (string[])["inc-1", "inc-2"])
        {
            var run = _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", name);
            await AskedAsync(name);
            _desk.Activate(name);
            (await run).Should().Be(0, _desk.Error);
            _desk["KUBECONFIG"] = Path.Combine(_desk.CredentialDirectory, $"{name}.kubeconfig");
        }

        await _desk.RunAsync("list");
        _desk.Connected.Kubeconfig.Should().BeEmpty("it was none at first, so ~/.kube/config");
    }

    private Task AskedAsync(string name) => _desk.Server.Until(() => _desk.Server.Get<BreakGlassGrant>(name) is not null, $"the grant {name}")
        .WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
}
