using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using k8s.Models;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>What the webhooks make of vouchers and of the authorities that sign them.</summary>
public sealed class VoucherAdmissionTests : IAsyncLifetime
{
    private static readonly OfflineDesk Desk = AVoucher.Desk;

    private WebhookHarness _webhooks = null!;

    private string Cluster => _webhooks.Server.Get<V1Namespace>("kube-system")!.Metadata.Uid!;

    public async Task InitializeAsync() => _webhooks = await WebhookHarness.OpenAsync();

    public Task DisposeAsync()
    {
        _webhooks.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_grant_by_voucher_is_stamped_with_the_vouchers_person_and_what_the_voucher_limits()
    {
        await PrepareAsync();
        var text = Issue(v => v with { Access = ["payments"], Namespaces = ["payments"] });

        (await _webhooks.CreateAsync(Grant(text) with
        {
            Spec = Grant(text).Spec with { Requester = A.Caller("mallory", "system:masters") },
        }, WebhookHarness.User("courier"))).Allowed.Should().BeTrue();

        var stored = _webhooks.Stored<BreakGlassGrant>("inc-4711");
        stored.Spec.Requester!.Username.Should().Be("alice");
        stored.Spec.Requester.PresentedBy.Should().Be("courier");
        stored.Spec.Requester.Groups.Should().BeEmpty();
        stored.Spec.Requester.Extra.Should().ContainSingle().Which.Value.Should().Equal("v-1");
        stored.Spec.RecipientKey!.X.Should().Be(OfflineDesk.Read(text).Claims.HolderKey.X);
        (stored.Spec.Access, stored.Spec.Namespaces).Should().BeEquivalentTo((new[] { "payments" }, new[] { "payments" }));
        _webhooks.SealOf<BreakGlassGrant>("inc-4711").Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task Who_presented_a_voucher_approves_the_grant_by_no_account()
    {
        _webhooks.Dispose();
        _webhooks = await WebhookHarness.OpenAsync(new() { OperatorNamespace = WebhookHarness.Ns, PersonClaims = ["example.com/id"] });
        await PrepareAsync(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } });
        static V1UserInfo Known(string name, string uid, string id) => WebhookHarness.User(name, "approvers") with
        {
            Uid = uid, Extra = new Dictionary<string, IList<string>> { ["example.com/id"] = [id] },
        };
        (await _webhooks.CreateAsync(Grant(Issue()), Known("carol", "u-7", "4711"))).Message.Should().BeNull();
        _webhooks.Stored<BreakGlassGrant>("inc-4711").Spec.Requester!.Extra.Should().BeEquivalentTo(new Dictionary<string, IReadOnlyList<string>>
        {
            [BreakGlassApi.VoucherExtra] = ["v-1"], [BreakGlassApi.PresenterUidExtra] = ["u-7"],
            [BreakGlassApi.PresenterPersonExtra] = ["example.com/id=4711"],
        });

        async Task<string?> ApproveAsync(V1UserInfo who, string name) => (await _webhooks.CreateAsync(
            new BreakGlassApproval { Metadata = new() { Name = name }, Spec = new() { Grant = "inc-4711", Decision = "Approve" } }, who)).Message;
        (await ApproveAsync(Known("Carol", "", "1"), "a")).Should().Contain("'Carol' is the same person as 'carol', who presented the voucher of this grant");
        (await ApproveAsync(Known("adm-77", "u-7", "2"), "b")).Should().Contain("'adm-77' is the same person as 'carol'");
        (await ApproveAsync(Known("adm-78", "u-8", "4711"), "c")).Should().Contain("'adm-78' is the same person as 'carol'");
        (await ApproveAsync(Known("dora", "u-9", "4712"), "d")).Should().BeNull();
    }

    [Fact]
    public async Task Nobody_writes_a_voucher_into_a_stamp_without_one()
    {
        await PrepareAsync();
        var forged = A.Grant(s => s with
        {
            Requester = new()
            {
                Username = "alice", PresentedBy = "courier",
                Extra = new Dictionary<string, IReadOnlyList<string>> { [BreakGlassApi.VoucherExtra] = ["v-1"] },
            },
        });
        (await _webhooks.CreateAsync(forged, WebhookHarness.User("alice", "payments-oncall"))).Allowed.Should().BeTrue();
        var stored = _webhooks.Stored<BreakGlassGrant>("inc-4711").Spec.Requester!;
        (stored.PresentedBy, stored.Extra).Should().Be((null, null));
    }

    [Fact]
    public async Task An_authority_without_a_seal_or_that_is_used_or_gone_gives_nothing()
    {
        await PrepareAsync();
        var text = Issue();
        var authority = _webhooks.Stored<BreakGlassAuthority>(OfflineDesk.Name);
        async Task<string> PresentedAsync() => (await _webhooks.CreateAsync(Grant(text), WebhookHarness.User("courier"))).Message ?? "accepted";

        _webhooks.Server.Put(authority with { Spec = authority.Spec with { Required = 2 } });
        (await PresentedAsync()).Should().Contain("cannot be verified");
        _webhooks.Server.Put(authority with { Status = new() { Used = [new() { Id = "v-1", Grant = "inc-1", GrantUid = "u-1", At = A.Start }] } });
        (await PresentedAsync()).Should().Contain("already used").And.Contain("inc-1");
        _webhooks.Server.Delete<BreakGlassAuthority>(OfflineDesk.Name);
        (await PresentedAsync()).Should().Contain("does not exist");
        _webhooks.Server.Put(authority);
        (await PresentedAsync()).Should().Be("accepted");
    }

    [Fact]
    public async Task Before_the_operator_knows_how_vouchers_name_the_cluster_it_asks_the_person_to_try_again()
    {
        await PrepareAsync();
        var (text, system) = (Issue(), _webhooks.Server.Get<V1Namespace>("kube-system")!);
        _webhooks.Server.Remove<V1Namespace>("kube-system");
        var answer = await _webhooks.CreateAsync(Grant(text), WebhookHarness.User("courier"));
        answer.Allowed.Should().BeFalse();
        answer.Message.Should().Contain("has not read the UID of namespace kube-system").And.Contain("Try again");

        // Who presents no voucher does not wait for it.
        (await _webhooks.CreateAsync(A.Grant(name: "inc-1"), WebhookHarness.User("alice", "payments-oncall"))).Allowed.Should().BeTrue();
        _webhooks.Server.Put(system);
        (await _webhooks.CreateAsync(Grant(text), WebhookHarness.User("courier"))).Allowed.Should().BeTrue();
    }

    [Fact]
    public async Task A_proof_is_compared_with_the_servers_clock()
    {
        await PrepareAsync();
        var text = Issue();
        var grant = Grant(text);
        _webhooks.Clock.Advance(TimeSpan.FromSeconds(121));
        (await _webhooks.CreateAsync(grant, WebhookHarness.User("courier"))).Message.Should().Contain("2m");
    }

    [Fact]
    public async Task A_text_that_is_no_voucher_is_refused_before_anything_is_read()
    {
        var answer = await _webhooks.CreateAsync(
            A.Grant(s => s with { Voucher = "eyJhbGciOiJub25lIn0.e30.", VoucherProof = "x" }), WebhookHarness.User("courier"));
        answer.Allowed.Should().BeFalse();
        answer.Message.Should().StartWith("spec.voucher");
    }

    [Fact]
    public async Task An_authority_is_sealed_for_an_author_who_may_bind_what_the_accepting_policies_give()
    {
        _webhooks.LetBind("boss");
        (await _webhooks.CreateAsync(Authority(), WebhookHarness.User("lena"))).Allowed.Should().BeTrue("no policy accepts its vouchers yet");
        (await _webhooks.CreateAsync(AVoucher.Policy(), WebhookHarness.User("lena"))).Message.Should().Contain("is not allowed to give");
        (await _webhooks.CreateAsync(AVoucher.Policy(), WebhookHarness.User("boss"))).Allowed.Should().BeTrue();

        Task<Kube.Runtime.AdmissionAnswer> ChangeAsync(string who, Func<AuthoritySpec, AuthoritySpec> change) => _webhooks.UpdateAsync<BreakGlassAuthority>(
            OfflineDesk.Name, a => a with { Spec = change(a.Spec) }, WebhookHarness.User(who));
        (await ChangeAsync("lena", s => s with { Keys = [.. s.Keys, Desk.Third.PublicKey] })).Message.Should().Contain("is not allowed to give");
        (await ChangeAsync("boss", s => s with { Keys = [.. s.Keys, Desk.Third.PublicKey] })).Allowed.Should().BeTrue();
        (await ChangeAsync("lena", s => s with { Suspended = true })).Allowed.Should().BeTrue();
        _webhooks.SealOf<BreakGlassAuthority>(OfflineDesk.Name).Should().Be(SealState.Valid);
        (await ChangeAsync("lena", s => s with { Suspended = false })).Message.Should().Contain("is not allowed to give");
        (await ChangeAsync("boss", s => s with { Required = 9 })).Message.Should().Contain("spec.required");
    }

    [Fact]
    public async Task What_was_written_past_the_webhooks_is_sealed_by_no_restriction()
    {
        _webhooks.LetBind("boss");
        await _webhooks.CreateAsync(AVoucher.Policy(), WebhookHarness.User("boss"));
        _webhooks.Server.Put(Authority());
        var answer = await _webhooks.UpdateAsync<BreakGlassAuthority>(
            OfflineDesk.Name, a => a with { Spec = a.Spec with { Suspended = true } }, WebhookHarness.User("lena"));
        answer.Allowed.Should().BeTrue();
        _webhooks.SealOf<BreakGlassAuthority>(OfflineDesk.Name).Should().Be(SealState.Missing);
    }

    private async Task PrepareAsync(Func<PolicySpec, PolicySpec>? policy = null)
    {
        _webhooks.LetBind("boss");
        (await _webhooks.CreateAsync(Authority(), WebhookHarness.User("boss"))).Allowed.Should().BeTrue();
        (await _webhooks.CreateAsync(AVoucher.Policy(policy), WebhookHarness.User("boss"))).Message.Should().BeNull();
    }

    private static BreakGlassAuthority Authority() =>
        new() { Metadata = new() { Name = OfflineDesk.Name }, Spec = new() { Keys = [Desk.First.PublicKey, Desk.Second.PublicKey] } };

    private string Issue(Func<Core.Vouchers.Voucher, Core.Vouchers.Voucher>? change = null) =>
        Desk.Issue(v => (change ?? (x => x))(v with { Cluster = Cluster }));

    private static BreakGlassGrant Grant(string voucher) => A.Grant(s => s with
    {
        Requester = null, Voucher = voucher, VoucherProof = Desk.Prove(voucher, "inc-4711", A.Start),
    });
}
