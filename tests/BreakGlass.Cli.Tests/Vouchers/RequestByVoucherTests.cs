using System.Runtime.Versioning;
using BreakGlass.Core.Api;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using k8s.Models;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Vouchers;

[UnsupportedOSPlatform("windows")]
public sealed class RequestByVoucherTests : IDisposable
{
    private readonly Safe _safe = new();

    public void Dispose() => _safe.Dispose();

    [Fact]
    public async Task A_voucher_says_for_what_the_request_is_and_its_holder_opens_the_credential()
    {
        await PrepareAsync("--access", "payments", "-n", "payments");
        var run = RequestAsync("--voucher", _safe.Voucher, "--reason", "the identity provider is down", "--for", "20m");
        var asked = await _safe.Plugin.AskedAsync();
        asked.Spec.Should().Match<GrantSpec>(s => s.Policy == "payments-oncall" && s.Duration == "20m" && s.RecipientKey == null);
        asked.Spec.Access.Should().Equal("payments");
        asked.Spec.Namespaces.Should().Equal("payments");
        var voucher = OfflineDesk.Read(asked.Spec.Voucher!);
        VoucherProof.Problem(asked.Spec.VoucherProof, voucher, asked.Metadata.Name, _safe.Plugin.Clock.GetUtcNow()).Should().BeNull();
        _safe.Plugin.Activate(asked.Metadata.Name, "s3cret");

        (await run).Should().Be(0, _safe.Plugin.Error);
        var kubeconfig = await File.ReadAllTextAsync(Path.Combine(_safe.Plugin.CredentialDirectory, $"{asked.Metadata.Name}.kubeconfig"));
        kubeconfig.Should().Contain("s3cret");
        _safe.Plugin.Error.Should().Contain("replace the keys of authority offline-2026").And.NotContain("s3cret");
    }

    [Fact]
    public async Task The_key_is_the_one_beside_the_voucher_or_the_one_that_is_named()
    {
        await PrepareAsync();
        File.Move(_safe.At("alice.key"), _safe.At("elsewhere.pem"));
        (await RequestAsync("--voucher", _safe.Voucher, "--reason", "why")).Should().Be(4);
        _safe.Plugin.Error.Should().Contain("Name it with --holder-key");
        var run = RequestAsync("--voucher", _safe.Voucher, "--holder-key", _safe.At("elsewhere.pem"), "--reason", "why", "--name", "inc-1");
        await _safe.Plugin.AskedAsync();
        _safe.Plugin.Activate("inc-1");
        (await run).Should().Be(0, _safe.Plugin.Error);
    }

    [Fact]
    public async Task A_command_runs_with_the_access_of_a_voucher()
    {
        await PrepareAsync();
        var run = RequestAsync("--voucher", _safe.Voucher, "--reason", "why", "--name", "inc-1", "--", "kubectl", "get", "pods");
        await _safe.Plugin.AskedAsync();
        _safe.Plugin.Activate("inc-1");
        (await run).Should().Be(0, _safe.Plugin.Error);
        _safe.Plugin.Ran.Should().ContainSingle();
    }

    [Theory]
    [InlineData(2, "is for policy 'payments-oncall', not for 'other'", "other", "--voucher", "VOUCHER", "--reason", "why")]
    [InlineData(2, "--wait=false cannot be used with --voucher", "--voucher", "VOUCHER", "--reason", "why", "--wait=false")]
    [InlineData(2, "does not belong to the voucher", "--voucher", "VOUCHER", "--holder-key", "FIRST", "--reason", "why")]
    [InlineData(2, "--holder-key is of use only with --voucher", "payments-oncall", "--holder-key", "FIRST", "--reason", "why")]
    [InlineData(2, "is not a voucher that can be used", "--voucher", "FIRST", "--reason", "why")]
    [InlineData(2, "--reason is missing", "--voucher", "VOUCHER")]
    [InlineData(4, "there is no file", "--voucher", "nowhere", "--reason", "why")]
    public async Task What_cannot_work_is_said_before_anything_is_sent(int code, string problem, params string[] args)
    {
        await PrepareAsync();
        (await RequestAsync([.. args.Select(a => a switch { "VOUCHER" => _safe.Voucher, "FIRST" => _safe.At("first.pem"), _ => a })])).Should().Be(code);
        _safe.Plugin.Error.Should().Contain(problem);
        _safe.Plugin.Server.List<BreakGlassGrant>().Should().BeEmpty();
    }

    [Fact]
    public async Task A_voucher_that_expired_is_not_sent()
    {
        await PrepareAsync("--valid-for", "1h");
        _safe.Plugin.Clock.Advance(TimeSpan.FromHours(1));
        (await RequestAsync("--voucher", _safe.Voucher, "--reason", "why")).Should().Be(3);
        _safe.Plugin.Error.Should().Contain("the voucher expired at");
    }

    [Fact]
    public async Task The_courier_needs_no_other_right_than_to_create_and_read_grants()
    {
        await PrepareAsync();
        _safe.Plugin.Server.Put(new V1ClusterRole
        {
            Metadata = new() { Name = "courier" }, Rules = [A.Rule(BreakGlassApi.Group, "breakglassgrants", "create", "get", "watch")],
        });
        _safe.Plugin.Server.Put(new V1ClusterRoleBinding
        {
            Metadata = new() { Name = "courier" }, RoleRef = new() { Kind = "ClusterRole", Name = "courier" },
            Subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "courier" }],
        });
        _safe.Plugin.User = new FakeUser("courier");
        var run = RequestAsync("--voucher", _safe.Voucher, "--reason", "why", "--name", "inc-1");
        await _safe.Plugin.AskedAsync();
        _safe.Plugin.Activate("inc-1");
        (await run).Should().Be(0, _safe.Plugin.Error);
    }

    private Task<int> RequestAsync(params string[] args)
    {
        _safe.Plugin.Clear();
        var end = Array.IndexOf(args, "--");
        string[] passphrase = ["--passphrase-file", _safe.At("passphrase")];
        return _safe.Plugin.RunAsync(end < 0 ? ["request", .. args, .. passphrase] : ["request", .. args[..end], .. passphrase, .. args[end..]]);
    }

    private async Task PrepareAsync(params string[] more)
    {
        _safe.Plugin.Server.Put(A.Policy());
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync(more);
    }
}
