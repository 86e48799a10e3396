using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Model;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using Integration.Attacks;
using Xunit;

namespace Integration.Vouchers;

/// <summary>Nobody can log in: a courier presents a voucher, and the holder of its key gets access. Against a real API server.</summary>
public sealed class VoucherTests(VoucherCluster stage) : IClassFixture<VoucherCluster>
{
    [Fact]
    public async Task A_courier_presents_a_voucher_and_only_its_holder_gets_access_until_the_authority_is_suspended()
    {
        var safe = await Safe.OpenAsync(stage, "couriers: [{kind: User, name: courier}]");
        var grant = $"inc-{safe.Namespace}";

        (await safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1"))).OrThrow();
        var active = await safe.UntilActiveAsync(grant);

        active.Spec.Requester!.Username.Should().Be("alice");
        active.Spec.Requester.PresentedBy.Should().Be("courier");
        active.Spec.Requester.Extra![BreakGlassApi.VoucherExtra].Should().Equal("v-1");
        (active.Status.ExpiresAt - active.Status.ActivatedAt).Should().Be(TimeSpan.FromMinutes(20));
        Conditions.Find(active.Status.Conditions, "Reviewed").Should().NotBeNull();
        using var kubeconfig = await HolderAsync(active);
        await Eventually.TrueAsync(
            async () => (await kubeconfig.Person.GetAsync($"/api/v1/namespaces/{safe.Namespace}/configmaps")).Code == 200, expected: "the holder's access");
        (await stage.Courier.GetAsync($"/api/v1/namespaces/{safe.Namespace}/configmaps")).Code.Should().Be(403);
        var (ns, name) = Incident.SecretOf(active);
        (await stage.Courier.GetAsync($"/api/v1/namespaces/{ns}/secrets/{name}")).Code.Should().Be(403);

        var authority = await safe.UntilAsync(a => Conditions.IsTrue(a.Status.Conditions, "RotationDue"), "rotation to be due");
        authority.Status.Used.Should().ContainSingle().Which.Should().Match<VoucherUse>(
            u => u.Id == "v-1" && u.Grant == grant && u.GrantUid == active.Metadata.Uid && u.PresentedBy == "courier" && u.Keys.Single() == "first");
        Conditions.IsTrue(authority.Status.Conditions, "Ready").Should().BeTrue();
        await Eventually.TrueAsync(
            async () => (await stage.Cluster.EventsAsync("BreakGlassAuthority", safe.Authority)).Select(e => (e.Type, e.Reason)).Distinct()
                .Order().SequenceEqual([("Warning", "RotationDue"), ("Warning", "VoucherUsed")]), expected: "events of the authority");
        await Eventually.TrueAsync(
            async () => (await stage.Cluster.EventsAsync("BreakGlassGrant", grant)).Any(e => e is ("Warning", "VoucherUsed", _)),
            expected: "the event of the grant");

        (await stage.Lena.PatchAsync(safe.AuthorityPath, """{"spec":{"suspended":true}}""")).OrThrow();
        var ended = await safe.UntilAsync(grant, g => g.Status.IsTerminal && Conditions.IsTrue(g.Status.Conditions, "Revoked"), "a proven end");
        (ended.Status.Phase, ended.Status.EndReason).Should().Be((GrantPhase.Revoked, EndReason.VoucherRevoked));
        await Eventually.TrueAsync(
            async () => (await kubeconfig.Person.GetAsync($"/api/v1/namespaces/{safe.Namespace}/configmaps")).Code == 401,
            expected: "the token to be refused");
        (await safe.PresentAsync(stage.Courier, $"{grant}-again", safe.Issue("v-2"))).Says.Should().Contain("is suspended");
    }

    [Fact]
    public async Task Of_fifty_redemptions_of_one_voucher_at_once_exactly_one_opens()
    {
        var safe = await Safe.OpenAsync(stage);
        var voucher = safe.Issue("v-1");

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
            (Grant: $"race-{i}-{safe.Namespace}", Answer: await safe.PresentAsync(stage.Courier, $"race-{i}-{safe.Namespace}", voucher))));

        var stored = answers.Where(a => a.Answer.Good).Select(a => a.Grant).ToList();
        stored.Should().NotBeEmpty();
        answers.Where(a => !a.Answer.Good && !a.Answer.Says.Contains("already used", StringComparison.Ordinal)).Should().BeEmpty();
        var grants = new List<BreakGlassGrant>();
        foreach (var name in stored)
            grants.Add(await safe.UntilAsync(name, g => g.Status.Phase is GrantPhase.Active or GrantPhase.Denied, $"{name} to be decided"));
        var one = grants.Should().ContainSingle(g => g.Status.Phase == GrantPhase.Active).Subject;
        // Admission may have refused all the others: then none of them is stored, and none is left to be denied.
        grants.Where(g => g != one && g.Status.Transitions[^1].Reason != DenialReasons.VoucherUsed).Should().BeEmpty();
        (await safe.AuthorityAsync()).Status.Used.Should().ContainSingle().Which.GrantUid.Should().Be(one.Metadata.Uid);
        (await stage.Admin.DeleteAsync(safe.AuthorityPath)).OrThrow();
        (await safe.UntilAsync(one.Metadata.Name, g => g.Status.IsTerminal, "the end with the authority")).Status.EndReason
            .Should().Be(EndReason.VoucherRevoked);
    }

    [Fact]
    public async Task Dropping_a_key_or_naming_a_voucher_ends_what_rests_on_it_and_nothing_else()
    {
        var safe = await Safe.OpenAsync(stage);
        var (byFirst, bySecond, other) = ($"one-{safe.Namespace}", $"two-{safe.Namespace}", $"three-{safe.Namespace}");
        (await safe.PresentAsync(stage.Courier, byFirst, safe.Issue("v-1"))).OrThrow();
        (await safe.PresentAsync(stage.Courier, bySecond, safe.Issue("v-2", by: [stage.Desk.Second]))).OrThrow();
        (await safe.PresentAsync(stage.Courier, other, safe.Issue("v-3", by: [stage.Desk.Second]))).OrThrow();
        foreach (var grant in (string[])[byFirst, bySecond, other]) await safe.UntilActiveAsync(grant);

        (await stage.Lena.PatchAsync(safe.AuthorityPath, """{"spec":{"revoked":["v-2"]}}""")).OrThrow();
        (await safe.UntilAsync(bySecond, g => g.Status.IsTerminal, "the end of v-2")).Status.EndReason.Should().Be(EndReason.VoucherRevoked);
        (await stage.Lena.PatchAsync(safe.AuthorityPath, Safe.KeysPatch(stage.Desk.Keys.Skip(1)))).OrThrow();
        (await safe.UntilAsync(byFirst, g => g.Status.IsTerminal, "the end of what the key signed")).Status.EndReason.Should().Be(EndReason.VoucherRevoked);

        // Neither opens anything again, also by a voucher that was never used.
        (await safe.PresentAsync(stage.Courier, $"{bySecond}-again", safe.Issue("v-2", by: [stage.Desk.Second]))).Says
            .Should().Contain("revokes this voucher");
        (await safe.PresentAsync(stage.Courier, $"{byFirst}-again", safe.Issue("v-4"))).Says.Should().Contain("0 of the keys");
        (await stage.Cluster.GrantAsync(other))!.Status.Phase.Should().Be(GrantPhase.Active);
        (await stage.Lena.PatchAsync(safe.AuthorityPath, """{"spec":{"revoked":[]}}""")).Says.Should().Contain("is not allowed to give");
        (await stage.Admin.DeleteAsync(safe.AuthorityPath)).OrThrow();
        await safe.UntilAsync(other, g => g.Status.IsTerminal, "the end with the authority");
    }

    [Fact]
    public async Task Rotation_is_due_until_the_courier_or_the_keys_are_replaced()
    {
        var safe = await Safe.OpenAsync(stage, "couriers: [{kind: User, name: courier}]");
        Task<BreakGlassAuthority> UntilDueAsync(string status) => safe.UntilAsync(
            a => Conditions.Find(a.Status.Conditions, "RotationDue")?.Status == status, $"RotationDue to be {status}");
        async Task ChangeAsync(string patch) => (await stage.Admin.PatchAsync(safe.AuthorityPath, patch)).OrThrow();

        (await safe.PresentAsync(stage.Courier, $"inc-{safe.Namespace}", safe.Issue("v-1"))).OrThrow();
        await UntilDueAsync("True");
        await ChangeAsync("""{"spec":{"couriers":[{"kind":"User","name":"courier-2"}]} }""");
        await UntilDueAsync("False");
        await ChangeAsync("""{"spec":{"couriers":[{"kind":"User","name":"courier"}]} }""");
        await UntilDueAsync("True");
        await ChangeAsync(Safe.KeysPatch(stage.Desk.Keys.Skip(1)));
        var rotated = await UntilDueAsync("False");

        rotated.Status.Used.Should().ContainSingle(u => u.Id == "v-1", "a voucher that was used stays used");
        (await safe.PresentAsync(stage.Courier, $"inc-{safe.Namespace}-again", safe.Issue("v-1", by: [stage.Desk.Second]))).Says
            .Should().Contain("already used");
    }

    [Fact]
    public async Task A_voucher_that_a_clock_less_than_two_minutes_ahead_issued_opens()
    {
        var safe = await Safe.OpenAsync(stage);
        var grant = $"inc-{safe.Namespace}";
        var ahead = TimeProvider.System.GetUtcNow().AddSeconds(100);
        (await safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1", v => v with { IssuedAt = ahead, NotBefore = ahead }))).OrThrow();
        await safe.UntilActiveAsync(grant);
    }

    [Fact]
    public async Task Who_presented_a_voucher_neither_approves_nor_reviews_what_it_gave()
    {
        var safe = await Safe.OpenAsync(
            stage, mode: "JustInTime", limits: "approval: {approvers: [{kind: User, name: carol}, {kind: User, name: dora}]}");
        var grant = $"inc-{safe.Namespace}";
        var (carol, dora) = (stage.Admin.As("carol", "system:masters"), stage.Admin.As("dora", "system:masters"));
        Task<ApiAnswer> DecideAsync(Person who, string kind, string decision) => who.CreateAsync($$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: {{kind}}
            metadata: {name: {{who.Name}}-{{grant}} }
            spec: {grant: {{grant}}, {{decision}} }
            """);

        (await safe.PresentAsync(carol, grant, safe.Issue("v-1"))).OrThrow();
        await safe.UntilAsync(grant, g => g.Status.Phase is GrantPhase.AwaitingApproval, $"{grant} to wait for an approver");
        (await DecideAsync(carol, "BreakGlassApproval", "decision: Approve")).Says
            .Should().Contain("'carol' presented the voucher of this grant, and presenters cannot decide on what they presented");
        (await DecideAsync(dora, "BreakGlassApproval", "decision: Approve")).OrThrow();
        await safe.UntilActiveAsync(grant);

        (await stage.Admin.PatchAsync(safe.AuthorityPath, """{"spec":{"suspended":true}}""")).OrThrow();
        await safe.UntilAsync(grant, g => g.Status.IsTerminal, "the end");
        (await DecideAsync(carol, "BreakGlassReview", "outcome: Justified")).Says.Should().Contain("presenters cannot review what they presented");
    }

    [Fact]
    public async Task An_author_who_may_not_bind_the_roles_can_only_take_away()
    {
        var safe = await Safe.OpenAsync(stage);
        (await stage.Lena.CreateAsync(new Safe(stage, "lena").AuthorityText())).OrThrow();
        (await stage.Lena.PatchAsync(safe.AuthorityPath, """{"spec":{"required":2}}""")).OrThrow();
        (await stage.Lena.PatchAsync(safe.AuthorityPath, """{"spec":{"required":1}}""")).Says.Should().Contain("is not allowed to give")
            .And.Contain("ClusterRole/edit");
        (await stage.Lena.DeleteAsync(safe.AuthorityPath)).OrThrow();
        (await stage.Lena.CreateAsync(safe.AuthorityText())).Says.Should().Contain("is not allowed to give");
        (await stage.Admin.CreateAsync(safe.AuthorityText("required: 4"))).Says.Should().Contain("spec.required");
    }

    public static TheoryData<string> Attacks => new(Rows.Keys.Concat(ForgedVoucherRows.All.Keys));

    /// <summary>By name: what somebody does with a voucher, and words of the refusal.</summary>
    private static Dictionary<string, (Func<VoucherCluster, Safe, string, Task<ApiAnswer>> Act, string Says)> Rows { get; } = new()
    {
        ["a courier without a voucher"] = ((stage, safe, grant) => stage.Courier.CreateAsync($$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassGrant
            metadata: {name: {{grant}} }
            spec: {policy: {{safe.Policy}}, justification: {{Scene.Justification}} }
            """), "a courier can create only grants that carry a voucher"),
        ["somebody who is not a courier"] = ((stage, safe, grant) => safe.PresentAsync(stage.Bob, grant, safe.Issue("v-1")), "is not among the couriers"),
        ["a voucher of another cluster"] =
            ((stage, safe, grant) => safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1", v => v with { Cluster = "another" })), "another cluster"),
        ["a voucher of another policy"] =
            ((stage, safe, grant) => safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1", v => v with { Policy = "another" })), "another policy"),
        ["a voucher of another authority"] =
            ((stage, safe, grant) => safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1", v => v with { Authority = "another" })), "another authority"),
        ["a key that the authority does not have"] = (async (stage, safe, grant) =>
        {
            using var key = VoucherKey.Of(ECDsa.Create(ECCurve.NamedCurves.nistP256), "first");
            return await safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1", by: [key]));
        }, "0 of the keys"),
        ["an expired voucher"] = ((stage, safe, grant) => safe.PresentAsync(
            stage.Courier, grant, safe.Issue("v-1", v => v with { Expires = v.IssuedAt.AddHours(1) })), "expired"),
        ["a voucher for the future"] = ((stage, safe, grant) => safe.PresentAsync(
            stage.Courier, grant, safe.Issue("v-1", v => v with { NotBefore = v.Expires.AddDays(-1) })), "is valid from"),
        ["a voucher that a clock five minutes ahead issued"] = ((stage, safe, grant) => safe.PresentAsync(
            stage.Courier, grant, safe.Issue("v-1", v => v with { IssuedAt = TimeProvider.System.GetUtcNow().AddMinutes(5) })), "is valid from"),
        ["a person who is not a holder"] =
            ((stage, safe, grant) => safe.PresentAsync(
                stage.Courier, grant, safe.Issue("v-1", v => v with { Person = "mallory" })), "is not among the holders"),
        ["the proof of another grant"] = ((stage, safe, grant) =>
        {
            var voucher = safe.Issue("v-1");
            return safe.PresentAsync(stage.Courier, grant, voucher, stage.Desk.Prove(voucher, "other", TimeProvider.System.GetUtcNow()));
        }, "another name"),
        ["an old proof"] = ((stage, safe, grant) =>
        {
            var voucher = safe.Issue("v-1");
            return safe.PresentAsync(stage.Courier, grant, voucher, stage.Desk.Prove(voucher, grant, TimeProvider.System.GetUtcNow().AddMinutes(-3)));
        }, "2m"),
        ["a proof by a key that is not the holder's"] = (async (stage, safe, grant) =>
        {
            var voucher = safe.Issue("v-1");
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return await safe.PresentAsync(
                stage.Courier, grant, voucher, VoucherSigning.Prove(TestKit.Builders.OfflineDesk.Read(voucher), grant, TimeProvider.System.GetUtcNow(), key));
        }, "holder"),
        ["another recipient's key"] = (async (stage, safe, grant) =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var jwk = VoucherKey.PublicJwk(key);
            return await safe.PresentAsync(
                stage.Courier, grant, safe.Issue("v-1"), more: $"recipientKey: {{kty: EC, crv: P-256, x: \"{jwk.X}\", \"y\": \"{jwk.Y}\"}}");
        }, "holder's key"),
        ["a voucher without a proof"] = ((stage, safe, grant) => stage.Courier.CreateAsync($$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassGrant
            metadata: {name: {{grant}} }
            spec: {policy: {{safe.Policy}}, justification: {{Scene.Justification}}, voucher: '{{safe.Issue("v-1")}}'}
            """), "belong together"),
        ["longer than the policy gives by voucher"] =
            ((stage, safe, grant) => safe.PresentAsync(stage.Courier, grant, safe.Issue("v-1"), more: "duration: 21m"), "20m"),
        ["a text that is no voucher"] = ((stage, safe, grant) => safe.PresentAsync(stage.Courier, grant, "x.y.z", proof: "a.b.c"), "spec.voucher"),
        ["a voucher of a character too many"] =
            ((stage, safe, grant) => safe.PresentAsync(stage.Courier, grant, new string('a', 8193), proof: "a.b.c"), "must have 1 to 8192 ASCII characters"),
        ["a voucher of a mebibyte"] =
            ((stage, safe, grant) => safe.PresentAsync(stage.Courier, grant, new string('a', 1024 * 1024), proof: "a.b.c"), "larger than 512 KiB"),
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task A_misuse_is_refused_and_says_why(string row)
    {
        var safe = await Safe.OpenAsync(stage, "couriers: [{kind: User, name: courier}]");
        var grant = $"inc-{safe.Namespace}";
        var (act, says) = Rows.TryGetValue(row, out var misuse) ? misuse : ForgedVoucherRows.All[row];

        var answer = await act(stage, safe, grant);

        answer.Code.Should().BeInRange(400, 499, answer.Says);
        answer.Says.Contains(says, StringComparison.Ordinal).Should().BeTrue(answer.Says);
        answer.Says.Length.Should().BeLessThan(4096);
        (await stage.Cluster.GrantAsync(grant)).Should().BeNull();
        (await safe.AuthorityAsync()).Status.Used.Should().BeEmpty();
    }

    private async Task<Kubeconfig> HolderAsync(BreakGlassGrant active)
    {
        using var key = ECDiffieHellman.Create(stage.Desk.Holder.ExportParameters(includePrivateParameters: true));
        var text = Encoding.UTF8.GetString(Jwe.Decrypt(active.Status.CredentialJwe!, key));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, text);
        return new(file, Person.Of("alice", null, stage.Cluster.ControlPlane, file));
    }

    /// <summary>What the holder's key opened.</summary>
    private sealed record Kubeconfig(string File, Person Person) : IDisposable
    {
        public void Dispose()
        {
            Person.Dispose();
            System.IO.File.Delete(File);
        }
    }
}
