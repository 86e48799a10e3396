using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BreakGlass.Core;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Vouchers;

/// <summary>The courier of a kit has a client certificate where the cluster's signer gives one, and otherwise a token.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class CourierCertificateTests : IDisposable
{
    private const string User = "courier-2026";
    private const string Account = "breakglass-system/courier";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>A voucher and the key of its holder, made once: encrypted keys take their time.</summary>
    private static readonly Lazy<Task<(string Voucher, string Key)>> Made = new(MakeAsync);

    private readonly Safe _safe = new();

    public CourierCertificateTests()
    {
        Server.Resources.Register(new("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", false)
        {
            HasStatus = true, HasApproval = true,
        });
        Server.CreateNamespace("breakglass-system");
        Server.Put(new V1ServiceAccount { Metadata = new() { Name = "courier", NamespaceProperty = "breakglass-system" } });
    }

    private FakeApiServer Server => _safe.Plugin.Server;

    private V1CertificateSigningRequest Request => Server.List<V1CertificateSigningRequest>().Should().ContainSingle().Subject;

    public void Dispose() => _safe.Dispose();

    [Fact]
    public async Task The_courier_gets_a_certificate_that_the_cluster_signed_and_the_caller_approved()
    {
        var run = await PackAsync("--courier-user", User, "--courier-duration", "24h");
        await ApprovedAsync();
        Sign();
        await StepAsync(run);
        await DoneAsync(run);

        var asked = Request.Spec;
        (asked.SignerName, asked.ExpirationSeconds).Should().Be(("kubernetes.io/kube-apiserver-client", (int?)86400));
        asked.Usages.Should().Equal("digital signature", "client auth");
        Asked(Request).SubjectName.Name.Should().Be($"CN={User}");
        _safe.Plugin.Error.Should().Contain($"The courier has a client certificate of the user {User}, until {Timestamp.Text(A.Start.AddHours(24))}.")
            .And.NotContain("shortened").And.NotContain("longer than requested").And.NotContain("PRIVATE KEY");
        _safe.Plugin.Out.Should().Contain($"the courier's credential expires at {Timestamp.Text(A.Start.AddHours(24))}").And.NotContain("PRIVATE KEY");
        Server.Requests.All.Should().NotContain(r => r.ToString()!.Contains("token", StringComparison.Ordinal), "no token is requested");
        var kubeconfig = await OpenAsync();
        kubeconfig.Should().Contain("client-certificate-data: ").And.Contain("client-key-data: ").And.NotContain("token: ");
        kubeconfig.Should().Contain("server: \"https://api.example.test:6443\"").And.Contain($"user: \"{User}\"");
    }

    [Fact]
    public async Task Where_no_certificate_is_signed_the_courier_gets_a_token_and_the_reason_is_said()
    {
        var run = await PackAsync("--courier-user", User, "--courier-account", Account);
        await ApprovedAsync();
        await StepAsync(run, TimeSpan.FromSeconds(30));
        await DoneAsync(run);

        _safe.Plugin.Error.Should().Contain("The courier gets no client certificate: the signer kubernetes.io/kube-apiserver-client of this cluster issued no "
                + $"certificate for CertificateSigningRequest {Request.Metadata.Name} within 30s.")
            .And.Contain($"a token of the ServiceAccount {Account}, until ");
        (await OpenAsync()).Should().Contain("token: ").And.NotContain("client-certificate-data");
    }

    [Fact]
    public async Task Without_a_ServiceAccount_there_is_no_kit_where_no_certificate_is_signed()
    {
        var run = await PackAsync("--courier-user", User);
        await ApprovedAsync();
        await StepAsync(run, TimeSpan.FromSeconds(30));
        await FailedAsync(run, 3, "issued no certificate", "--courier-account NAMESPACE/NAME");
    }

    [Fact]
    public async Task A_caller_who_may_not_approve_is_told_who_can_and_waits()
    {
        Server.Put(A.ClusterRole("ops", A.Rule("certificates.k8s.io", "certificatesigningrequests", "create", "get")));
        LetOps();
        var run = await PackAsync("--courier-user", User);
        await Server.Until(() => Server.List<V1CertificateSigningRequest>().Count > 0, "a request").WaitAsync(Eventually.Limit, TimeProvider.System);
        await StepAsync(run, TimeSpan.FromMinutes(5));
        await PausedAsync(run);
        Server.Modify<V1CertificateSigningRequest>(Request.Metadata.Name, null, r => r with { Status = With("Approved") });
        Sign();
        await StepAsync(run);
        await DoneAsync(run);

        _safe.Plugin.Error.Split('\n').Where(l => l.Contains("kubectl certificate approve", StringComparison.Ordinal)).Should().ContainSingle()
            .Which.Should().EndWith(Request.Metadata.Name);
        (await OpenAsync()).Should().Contain("client-certificate-data: ");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_courier_that_cannot_create_grants_is_noted(bool isBound)
    {
        if (isBound)
        {
            Server.Put(A.ClusterRole("breakglass-courier", A.Rule("breakglass.dev", "breakglassgrants", "create", "get", "watch")));
            Server.Put(new V1ClusterRoleBinding
            {
                Metadata = new() { Name = "courier" }, RoleRef = new() { ApiGroup = V1Role.KubeGroup, Kind = "ClusterRole", Name = "breakglass-courier" },
                Subjects = [Bound.User(User)],
            });
        }

        var run = await PackAsync("--courier-user", User, "--courier-duration", "24h");
        await ApprovedAsync();
        Sign();
        await StepAsync(run);
        await DoneAsync(run);
        _safe.Plugin.Error.Contains($"'{User}' cannot create grants", StringComparison.Ordinal).Should().Be(!isBound);
        _safe.Plugin.Error.Contains($"--clusterrole=breakglass-courier --user={User}", StringComparison.Ordinal).Should().Be(!isBound);
    }

    [Fact]
    public async Task A_request_that_nobody_approves_ends_after_ten_minutes()
    {
        Server.Put(A.ClusterRole("ops", A.Rule("certificates.k8s.io", "certificatesigningrequests", "create", "get")));
        LetOps();
        var run = await PackAsync("--courier-user", User);
        await StepAsync(run, TimeSpan.FromMinutes(10));
        await FailedAsync(run, 3, "was not approved within 10m");
    }

    [Theory]
    [InlineData("get", "you cannot create CertificateSigningRequests")]
    [InlineData("create", "you cannot approve CertificateSigningRequest")]
    public async Task A_caller_without_rights_on_certificates_packs_a_token(string verb, string why)
    {
        Server.Put(A.ClusterRole("ops", A.Rule("certificates.k8s.io", "certificatesigningrequests", verb), A.Rule("", "serviceaccounts/token", "create")));
        LetOps();
        await DoneAsync(await PackAsync("--courier-user", User, "--courier-account", Account));
        _safe.Plugin.Error.Should().Contain($"The courier gets no client certificate: {why}");
        (await OpenAsync()).Should().Contain("token: ");
    }

    [Fact]
    public async Task A_caller_who_cannot_read_the_request_does_not_wait_for_it()
    {
        Server.Put(A.ClusterRole("ops", A.Rule("certificates.k8s.io", "certificatesigningrequests", "create")));
        LetOps();
        var run = await PackAsync("--courier-user", User);
        await Server.Until(() => Server.List<V1CertificateSigningRequest>().Count > 0, "a request").WaitAsync(Eventually.Limit, TimeProvider.System);
        await StepAsync(run);
        await FailedAsync(run, 3, "you cannot get CertificateSigningRequest", "--courier-account NAMESPACE/NAME");
    }

    [Fact]
    public async Task A_cluster_without_the_API_gives_a_token()
    {
        Server.Resources.Unregister("certificates.k8s.io", "v1", "certificatesigningrequests");
        await DoneAsync(await PackAsync("--courier-user", User, "--courier-account", Account));
        _safe.Plugin.Error.Should().Contain("the API server does not serve certificates.k8s.io/v1");
        (await OpenAsync()).Should().Contain("token: ");
    }

    [Fact]
    public async Task A_denied_request_says_so()
    {
        var run = await PackAsync("--courier-user", User);
        await ApprovedAsync();
        Server.Modify<V1CertificateSigningRequest>(Request.Metadata.Name, null, r => r with { Status = With("Failed", "the signer is closed") });
        await StepAsync(run);
        await FailedAsync(run, 3, "is Failed (the signer is closed)");
    }

    [Theory]
    [InlineData("CN=somebody-else")]
    [InlineData(null)]
    public async Task A_certificate_for_another_user_or_another_key_is_not_packed(string? subject)
    {
        var run = await PackAsync("--courier-user", User);
        await ApprovedAsync();
        Sign(subject, otherKey: subject is null);
        await StepAsync(run);
        await FailedAsync(run, 1, "for another key or another user");
    }

    [Fact]
    public async Task A_signer_that_gives_more_time_than_requested_is_noted()
    {
        var run = await PackAsync("--courier-user", User, "--courier-duration", "24h");
        await ApprovedAsync();
        Sign(lasts: TimeSpan.FromDays(365));
        await StepAsync(run);
        await DoneAsync(run);
        _safe.Plugin.Error.Should().Contain("longer than requested").And.Contain("A certificate cannot be revoked");
    }

    [Theory]
    [InlineData("system:masters", "24h", "is not a valid name")]
    [InlineData("a b", "24h", "is not a valid name")]
    [InlineData("", "24h", "is not a valid name")]
    [InlineData(User, "9m", "10m or longer")]
    public async Task What_cannot_be_requested_is_refused_before_anything_is_sent(string user, string duration, string problem) =>
        await FailedAsync(await PackAsync("--courier-user", user, "--courier-duration", duration), code: 2, problem);

    private static async Task<(string Voucher, string Key)> MakeAsync()
    {
        using var safe = new Safe();
        await safe.MakeKeysAsync();
        await safe.IssueAsync();
        return (await File.ReadAllTextAsync(safe.Voucher), await File.ReadAllTextAsync(safe.At("alice.key")));
    }

    /// <summary>Starts to pack a kit.</summary>
    private async Task<Task<int>> PackAsync(params string[] courier)
    {
        var (voucher, key) = await Made.Value;
        _safe.Plugin.File("alice.voucher", voucher);
        _safe.Plugin.File("alice.key", key);
        return _safe.Plugin.RunAsync(["voucher", "kit", "--voucher", _safe.Voucher, "--holder-key", _safe.At("alice.key"), "--out", _safe.Kit,
            "--passphrase-file", _safe.At("passphrase"), .. courier]);
    }

    private async Task DoneAsync(Task<int> run) => (await run).Should().Be(0, _safe.Plugin.Error);

    private async Task<string> OpenAsync()
    {
        await _safe.RunAsync("kit", "open", _safe.Kit, "--to", _safe.At("kit"));
        return await File.ReadAllTextAsync(_safe.At("kit/courier.kubeconfig"));
    }

    /// <summary>A command that fails, with a code and words; there is no kit then.</summary>
    private async Task FailedAsync(Task<int> run, int code, params string[] words)
    {
        (await run).Should().Be(code, _safe.Plugin.Error);
        foreach (var word in words) _safe.Plugin.Error.Should().Contain(word);
        File.Exists(_safe.Kit).Should().BeFalse();
    }

    private void LetOps()
    {
        Server.Put(new V1ClusterRoleBinding
        {
            Metadata = new() { Name = "ops" }, RoleRef = new() { ApiGroup = V1Role.KubeGroup, Kind = "ClusterRole", Name = "ops" },
            Subjects = [Bound.User("ops")],
        });
        _safe.Plugin.User = new("ops");
    }

    private Task ApprovedAsync() => Server.Until(
        () => Server.List<V1CertificateSigningRequest>() is [{ Status.Conditions: [{ Type: "Approved", Status: "True" }] }], "an approved request")
        .WaitAsync(Eventually.Limit, TimeProvider.System);

    /// <summary>Lets the command look once more, after a time.</summary>
    private async Task StepAsync(Task run, TimeSpan? time = null)
    {
        await PausedAsync(run);
        _safe.Plugin.Clock.Advance(time ?? Pause);
    }

    /// <summary>The command waits before it looks again.</summary>
    private async Task PausedAsync(Task run)
    {
        var armed = _safe.Plugin.Clock.WhenTimerArmed(Pause);
        var first = await Task.WhenAny(run, armed).WaitAsync(Eventually.Limit, TimeProvider.System);
        ReferenceEquals(first, armed).Should().BeTrue(_safe.Plugin.Error);
    }

    /// <summary>What the cluster's signer does.</summary>
    private void Sign(string? subject = null, bool otherKey = false, TimeSpan? lasts = null)
    {
        var asked = Asked(Request);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = otherKey ? PublicKey.CreateFromSubjectPublicKeyInfo(other.ExportSubjectPublicKeyInfo(), out _) : asked.PublicKey;
        var request = new CertificateRequest(new(subject ?? asked.SubjectName.Name), key, HashAlgorithmName.SHA256);
        var (now, seconds) = (_safe.Plugin.Clock.GetUtcNow(), Request.Spec.ExpirationSeconds!.Value);
        using var certificate = request.Create(new("CN=cluster CA"), X509SignatureGenerator.CreateForECDsa(authority), now.AddMinutes(-5),
            A.Start + (lasts ?? TimeSpan.FromSeconds(seconds)), [1, 2, 3]);
        Server.Modify<V1CertificateSigningRequest>(Request.Metadata.Name, null,
            r => r with { Status = r.Status with { Certificate = Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()) } });
    }

    private static CertificateRequest Asked(V1CertificateSigningRequest request) =>
        CertificateRequest.LoadSigningRequestPem(Encoding.ASCII.GetString(request.Spec.Request), HashAlgorithmName.SHA256);

    private static V1CertificateSigningRequestStatus With(string type, string? message = null) =>
        new() { Conditions = [new() { Type = type, Status = "True", Message = message }] };
}
