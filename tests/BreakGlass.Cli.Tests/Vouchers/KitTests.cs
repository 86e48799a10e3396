using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BreakGlass.Core;
using BreakGlass.Core.Credentials;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Vouchers;

[UnsupportedOSPlatform("windows")]
public sealed class KitTests : IDisposable
{
    private readonly Safe _safe = new();

    public void Dispose() => _safe.Dispose();

    [Fact]
    public async Task A_kit_has_all_that_is_needed_and_opens_again()
    {
        await PackAsync();
        await _safe.RunAsync("kit", "open", _safe.Kit, "--to", _safe.At("kit"));
        Directory.GetFiles(_safe.At("kit")).Select(Path.GetFileName).Order(StringComparer.Ordinal)
            .Should().Equal("README.txt", "alice.key", "alice.voucher", "courier.kubeconfig");
        foreach (var file in (string[])["alice.key", "alice.voucher", "courier.kubeconfig"])
        {
            (await File.ReadAllBytesAsync(_safe.At($"kit/{file}"))).Should().Equal(await File.ReadAllBytesAsync(_safe.At(file)));
            File.GetUnixFileMode(_safe.At($"kit/{file}")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.GetUnixFileMode(_safe.At("kit")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (await _safe.FailAsync("kit", "open", _safe.Kit, "--to", _safe.At("kit"))).Error.Should().Contain("already exists and is not overwritten");
        _safe.Plugin.Connected.Flags.Should().BeNull("no command asked for a cluster");
    }

    [Fact]
    public async Task The_page_says_what_to_do_and_contains_no_secret()
    {
        var page = await PackAsync();
        Golden.Check(page, "page.txt");
        page.Should().NotContain("the-couriers-token").And.NotContain(Safe.Passphrase);
        (await File.ReadAllBytesAsync(_safe.Kit)).AsSpan().IndexOf("the-couriers-token"u8).Should().Be(-1);
        File.GetUnixFileMode(_safe.Kit).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Gpg_and_tar_open_it_without_the_plugin()
    {
        await PackAsync();
        var home = Directory.CreateDirectory(_safe.At("gpg")).FullName;
        var (code, output) = await VoucherCommandTests.RunToolAsync("gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase",
            Safe.Passphrase, "--output", _safe.At("kit.tar"), "--decrypt", _safe.Kit);
        code.Should().Be(0, output);
        output.Should().Contain("AES256").And.NotContain("WARNING: message was not integrity protected");
        (code, output) = await VoucherCommandTests.RunToolAsync("tar", "-t", "-f", _safe.At("kit.tar"));
        code.Should().Be(0, output);
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().BeEquivalentTo("README.txt", "alice.key", "alice.voucher", "courier.kubeconfig");
        (await VoucherCommandTests.RunToolAsync("gpg", "--homedir", home, "--batch", "--list-packets", "--pinentry-mode", "loopback", "--passphrase",
            Safe.Passphrase, _safe.Kit)).Output.Should().Contain("count 65011712").And.Contain("mdc_method: 2");
    }

    [Fact]
    public async Task A_wrong_passphrase_opens_nothing()
    {
        await PackAsync();
        _safe.Plugin.Clear();
        _safe.Plugin.Input = "this is the wrong one\n";
        (await _safe.Plugin.RunAsync("voucher", "kit", "open", _safe.Kit, "--to", _safe.At("kit"), "--passphrase-file", "-")).Should().Be(3);
        _safe.Plugin.Error.Should().Contain("the passphrase is wrong, or the file was changed");
        Directory.Exists(_safe.At("kit")).Should().BeFalse();
    }

    [Fact]
    public async Task A_changed_byte_anywhere_opens_nothing()
    {
        await PackAsync();
        var bytes = await File.ReadAllBytesAsync(_safe.Kit);
        var random = new Random(4711);
        foreach (var at in Enumerable.Range(0, 12).Select(_ => random.Next(bytes.Length)).Append(bytes.Length - 1).Append(0))
        {
            bytes[at] ^= 1;
            await File.WriteAllBytesAsync(_safe.Kit, bytes);
            bytes[at] ^= 1;
            await _safe.FailAsync("kit", "open", _safe.Kit, "--to", _safe.At("kit"));
            Directory.Exists(_safe.At("kit")).Should().BeFalse($"byte {at} was changed");
        }

        foreach (var length in (int[])[0, 1, 10, bytes.Length / 2, bytes.Length - 1])
        {
            await File.WriteAllBytesAsync(_safe.Kit, bytes[..length]);
            await _safe.FailAsync("kit", "open", _safe.Kit, "--to", _safe.At("kit"));
            Directory.Exists(_safe.At("kit")).Should().BeFalse($"the file has {length} bytes");
        }
    }

    [Fact]
    public async Task The_couriers_token_is_requested_if_its_account_is_named()
    {
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync();
        _safe.Plugin.Server.CreateNamespace("breakglass-system");
        _safe.Plugin.Server.Put(new k8s.Models.V1ServiceAccount { Metadata = new() { Name = "courier", NamespaceProperty = "breakglass-system" } });
        await _safe.RunAsync("kit", "--voucher", _safe.Voucher, "--courier-account", "breakglass-system/courier", "--out", _safe.Kit);
        await _safe.RunAsync("kit", "open", _safe.Kit, "--to", _safe.At("kit"));
        (await File.ReadAllTextAsync(_safe.At("kit/courier.kubeconfig"))).Should().Contain("server: \"https://api.example.test:6443\"").And.Contain("token: ");
    }

    [Fact]
    public async Task The_page_ends_with_the_couriers_certificate_if_that_ends_first()
    {
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=courier", key, HashAlgorithmName.SHA256).CreateSelfSigned(A.Start.AddDays(-1), A.Start.AddDays(30));
        var courier = _safe.Plugin.File("courier.kubeconfig", Encoding.UTF8.GetString(CredentialKubeconfig.RenderCertificate(
            new("https://api.example.test:6443"), null, "prod", "courier", null, certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem())));
        var page = await _safe.RunAsync("kit", "--voucher", _safe.Voucher, "--courier", courier, "--out", _safe.Kit);
        page.Should().Contain($"the courier's credential expires at {Timestamp.Text(A.Start.AddDays(30))}").And.NotContain("may expire earlier");
    }

    [Theory]
    [InlineData("--voucher is missing", "kit", "--out", "KIT", "--courier", "COURIER")]
    [InlineData("--out is missing", "kit", "--voucher", "VOUCHER", "--courier", "COURIER")]
    [InlineData("one of --courier and --courier-account", "kit", "--out", "KIT", "--voucher", "VOUCHER")]
    [InlineData("does not work alone", "kit", "--out", "KIT", "--voucher", "VOUCHER", "--courier", "VOUCHER")]
    [InlineData("is not an encrypted private key", "kit", "--out", "KIT", "--voucher", "VOUCHER", "--courier", "COURIER", "--holder-key", "PLAIN")]
    [InlineData("two files of the kit would be called", "kit", "--out", "KIT", "--voucher", "VOUCHER", "--voucher", "VOUCHER", "--courier", "COURIER")]
    [InlineData("already exists", "kit", "--out", "VOUCHER", "--voucher", "VOUCHER", "--courier", "COURIER")]
    [InlineData("is not a kit", "kit", "open", "VOUCHER", "--to", "KIT")]
    [InlineData("there is no file", "kit", "open", "KIT", "--to", "KIT")]
    public async Task What_is_missing_or_wrong_is_said(string problem, params string[] args)
    {
        await PackAsync();
        File.Delete(_safe.Kit);
        _safe.Plugin.File("plain.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        (await _safe.FailAsync([.. args.Select(a => a switch
        {
            "KIT" => _safe.Kit, "VOUCHER" => _safe.Voucher, "COURIER" => _safe.At("courier.kubeconfig"), "PLAIN" => _safe.At("plain.key"), _ => a,
        })])).Error.Should().Contain(problem);
        File.Exists(_safe.Kit).Should().BeFalse();
    }

    private async Task<string> PackAsync()
    {
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync("--id", "v-1");
        return await _safe.PackAsync();
    }
}
