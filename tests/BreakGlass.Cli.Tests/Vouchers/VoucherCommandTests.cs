using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Vouchers;

[UnsupportedOSPlatform("windows")]
public sealed class VoucherCommandTests : IDisposable
{
    private readonly Safe _safe = new();

    public void Dispose() => _safe.Dispose();

    [Fact]
    public async Task Two_people_sign_a_voucher_offline_and_the_manifest_verifies_it()
    {
        await _safe.MakeKeysAsync(required: 2);
        await _safe.IssueAsync();
        (await _safe.Plugin.RunAsync("voucher", "inspect", _safe.Voucher, "--authority", _safe.Manifest)).Should().Be(1);
        _safe.Plugin.Error.Should().Contain("the authority requires 2 signature(s), and 1 of them count");

        await _safe.SignAsync();
        _safe.Plugin.Error.Should().Contain("signing: alice may use policy payments-oncall").And.Contain("signed so far by: ");
        _safe.Plugin.Clear();
        (await _safe.Plugin.RunAsync("voucher", "inspect", _safe.Voucher, "--authority", _safe.Manifest)).Should().Be(0, _safe.Plugin.Error);
        _safe.Plugin.Out.Should().MatchRegex("SIGNED BY +[0-9a-f]{16} \\(verified\\)\nSIGNED BY +[0-9a-f]{16} \\(verified\\)\n");
        _safe.Plugin.Connected.Flags.Should().BeNull("no command asked for a cluster");
    }

    [Fact]
    public async Task A_usage_error_names_the_help_of_the_whole_command()
    {
        (await _safe.Plugin.RunAsync("voucher", "inspect")).Should().Be(2);
        _safe.Plugin.Error.Should().EndWith("See 'kubectl breakglass voucher inspect --help'.\n");
    }

    [Fact]
    public async Task Signers_see_whose_key_a_voucher_names_and_can_compare_it_with_what_the_person_says()
    {
        await _safe.MakeKeysAsync(required: 2);
        var made = Thumbprint(_safe.Plugin.Error);
        _safe.Plugin.Clear();
        await _safe.IssueAsync();
        Thumbprint(_safe.Plugin.Error).Should().Be(made);
        _safe.Plugin.Clear();
        await _safe.SignAsync();
        Thumbprint(_safe.Plugin.Error).Should().Be(made);
        _safe.Plugin.Clear();
        await _safe.Plugin.RunAsync("voucher", "inspect", _safe.Voucher);
        Thumbprint(_safe.Plugin.Out).Should().Be(made);
    }

    [Fact]
    public async Task What_a_voucher_gives_is_shown_as_a_table_and_for_programs()
    {
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync("--access", "payments", "-n", "payments", "-n", "logs", "--max-duration", "1h30m", "--valid-for", "720h", "--id", "v-1");
        (await _safe.Plugin.RunAsync("voucher", "inspect", _safe.Voucher)).Should().Be(0);
        var kid = OfflineDesk.Read((await File.ReadAllTextAsync(_safe.Voucher)).Trim()).Kids.Single();
        var shown = _safe.Plugin.Out.Replace(Thumbprint(_safe.Plugin.Out), new string('k', 43), StringComparison.Ordinal);
        Golden.Check(shown.Replace(kid, "0123456789abcdef", StringComparison.Ordinal), "inspect.txt");
        _safe.Plugin.Error.Should().EndWith("Note: nothing is verified without --authority FILE.\n");

        _safe.Plugin.Clear();
        (await _safe.Plugin.RunAsync("voucher", "inspect", _safe.Voucher, "--authority", _safe.Manifest, "-o", "json")).Should().Be(0, _safe.Plugin.Error);
        var json = JsonNode.Parse(_safe.Plugin.Out)!;
        json["id"]!.GetValue<string>().Should().Be("v-1");
        json["namespaces"]!.AsArray().Select(n => n!.GetValue<string>()).Should().Equal("payments", "logs");
        json["signatures"]![0]!["verified"]!.GetValue<bool>().Should().BeTrue();
        json["problems"]!.AsArray().Should().BeEmpty();
    }

    [Fact]
    public async Task Inspect_says_why_a_voucher_gives_no_access()
    {
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync("--id", "v-1");
        var good = await File.ReadAllTextAsync(_safe.Manifest);
        async Task SaysAsync(string from, string to, string problem)
        {
            good.Should().Contain(from);
            await File.WriteAllTextAsync(_safe.Manifest, good.Replace(from, to, StringComparison.Ordinal));
            _safe.Plugin.Clear();
            (await _safe.Plugin.RunAsync("voucher", "inspect", _safe.Voucher, "--authority", _safe.Manifest)).Should().Be(1);
            (_safe.Plugin.Error + _safe.Plugin.Out).Should().Contain(problem);
        }

        await SaysAsync("spec:", "spec:\n  suspended: true", "the authority is suspended");
        await SaysAsync("spec:", "spec:\n  revoked: [v-1]", "the authority revoked the voucher");
        await SaysAsync("offline-2026", "offline-2027", "is of the authority offline-2026, not of this one");
        await SaysAsync("- kid: ", "- notAfter: \"2020-01-01T00:00:00Z\"\n    kid: ", "the key is past its notAfter");
        await SaysAsync("- kid: ", "- kid: x", "not a key of this authority");
        await File.WriteAllTextAsync(_safe.Manifest, good);
        _safe.Plugin.Clock.Advance(TimeSpan.FromHours(2160));
        _safe.Plugin.Clear();
        (await _safe.Plugin.RunAsync("voucher", "inspect", _safe.Voucher)).Should().Be(1);
        _safe.Plugin.Error.Should().StartWith("error: the voucher expired at ");
    }

    [Fact]
    public async Task Private_keys_are_encrypted_only_their_owner_can_read_them_and_no_file_is_overwritten()
    {
        await _safe.MakeKeysAsync();
        foreach (var file in (string[])["first.pem", "second.pem", "alice.key"])
        {
            (await File.ReadAllTextAsync(_safe.At(file))).Should().StartWith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
            File.GetUnixFileMode(_safe.At(file)).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var before = await File.ReadAllTextAsync(_safe.At("first.pem"));
        (await _safe.FailAsync("authority", "offline-2026", "--private-key", _safe.At("first.pem"))).Error.Should().Contain("is not overwritten");
        (await _safe.FailAsync("holder", "--private-key", _safe.At("first.pem"))).Error.Should().Contain("is not overwritten");
        (await File.ReadAllTextAsync(_safe.At("first.pem"))).Should().Be(before);
    }

    [Theory]
    [InlineData("first.pem")]
    [InlineData("second.pem")]
    [InlineData("alice.key")]
    public async Task Openssl_reads_the_private_keys(string file)
    {
        await _safe.MakeKeysAsync();
        var (code, output) = await RunToolAsync("openssl", "pkey", "-in", _safe.At(file), "-passin", $"pass:{Safe.Passphrase}", "-noout", "-text");
        code.Should().Be(0, output);
        output.Should().Contain(file == "second.pem" ? "ED25519 Private-Key" : "prime256v1");
    }

    [Fact]
    public async Task A_key_that_openssl_made_signs_too()
    {
        await _safe.MakeKeysAsync();
        var key = _safe.At("openssl.pem");
        (await RunToolAsync("openssl", "genpkey", "-algorithm", "ED25519", "-aes256", "-pass", $"pass:{Safe.Passphrase}", "-out", key)).Code.Should().Be(0);
        await _safe.IssueAsync();
        await _safe.RunAsync("sign", _safe.Voucher, "--key", key, "--kid", "from-openssl", "--out", _safe.Voucher);
        OfflineDesk.Read((await File.ReadAllTextAsync(_safe.Voucher)).Trim()).Kids.Should().HaveCount(2).And.EndWith("from-openssl");
    }

    [Fact]
    public async Task A_passphrase_is_asked_for_twice_and_never_shown()
    {
        foreach (var typed in (string[])[Safe.Passphrase, Safe.Passphrase]) _safe.Plugin.Secrets.Enqueue(typed);
        (await _safe.Plugin.RunAsync("voucher", "holder", "--private-key", _safe.At("bob.key"))).Should().Be(0, _safe.Plugin.Error);
        _safe.Plugin.Prompts.Should().HaveCount(2);
        (_safe.Plugin.Out + _safe.Plugin.Error).Should().NotContain(Safe.Passphrase);

        foreach (var typed in (string[])[Safe.Passphrase, "something else!"]) _safe.Plugin.Secrets.Enqueue(typed);
        (await _safe.Plugin.RunAsync("voucher", "holder", "--private-key", _safe.At("carol.key"))).Should().Be(2);
        _safe.Plugin.Error.Should().Contain("the two passphrases differ");
        File.Exists(_safe.At("carol.key")).Should().BeFalse();
    }

    [Theory]
    [InlineData("too short", "use at least 12 characters")]
    [InlineData("", "is empty or too long")]
    [InlineData("pässphrase, long enough", "not every keyboard has")]
    public async Task A_weak_passphrase_is_refused(string passphrase, string problem)
    {
        _safe.Plugin.Input = passphrase + "\n";
        (await _safe.Plugin.RunAsync("voucher", "holder", "--private-key", _safe.At("bob.key"), "--passphrase-file", "-")).Should().Be(2);
        _safe.Plugin.Error.Should().Contain(problem);
    }

    [Fact]
    public async Task Without_a_terminal_the_passphrase_comes_from_a_file_or_standard_input()
    {
        (await _safe.Plugin.RunAsync("voucher", "holder", "--private-key", _safe.At("bob.key"))).Should().Be(2);
        _safe.Plugin.Error.Should().Contain("--passphrase-file");
        _safe.Plugin.Input = Safe.Passphrase + "\nmore";
        (await _safe.Plugin.RunAsync("voucher", "holder", "--private-key", _safe.At("bob.key"), "--passphrase-file", "-")).Should().Be(0, _safe.Plugin.Error);
    }

    [Fact]
    public async Task A_wrong_passphrase_signs_nothing()
    {
        await _safe.MakeKeysAsync();
        foreach (var key in (string[])["first.pem", "second.pem"])
        {
            _safe.Plugin.Clear();
            _safe.Plugin.Input = "this is the wrong one\n";
            string[] issue = [.. _safe.Issue];
            issue[2] = _safe.At(key);
            (await _safe.Plugin.RunAsync(["voucher", .. issue, "--passphrase-file", "-"])).Should().Be(3);
            _safe.Plugin.Error.Should().Contain("the passphrase is wrong, or the file was changed");
            _safe.Plugin.Out.Should().BeEmpty();
        }
    }

    [Fact]
    public async Task The_clusters_id_is_read_from_the_current_context_if_it_is_not_given()
    {
        await _safe.MakeKeysAsync();
        _safe.Plugin.Server.CreateNamespace("kube-system");
        var without = _safe.Issue.Where((_, i) => i is not (5 or 6)).ToArray();
        without.Should().NotContain("--cluster");
        var voucher = OfflineDesk.Read((await _safe.RunAsync(without)).Trim());
        voucher.Claims.Cluster.Should().Be(_safe.Plugin.Server.Get<k8s.Models.V1Namespace>("kube-system")!.Metadata.Uid);
    }

    [Theory]
    [InlineData("--person", "", "sub is not a user name")]
    [InlineData("--policy", "Payments", "policy is not the name of an object")]
    [InlineData("--cluster", "two words", "aud is not the UID")]
    [InlineData("--max-duration", "13h", "is longer than 12h")]
    [InlineData("--max-duration", "soon", "is not a valid duration")]
    [InlineData("--valid-for", "9000h", "is longer than 8784h")]
    [InlineData("--not-before", "tomorrow", "is not a valid time")]
    [InlineData("--id", "a/b", "jti is not an id")]
    [InlineData("--holder", "FIRST", "contains a private key")]
    [InlineData("--holder", "PASS", "does not contain a public key on P-256")]
    [InlineData("--key", "PASS", "does not contain a private key")]
    public async Task What_cannot_be_a_voucher_is_not_signed(string option, string value, string problem)
    {
        await _safe.MakeKeysAsync();
        var given = value switch { "FIRST" => _safe.At("first.pem"), "PASS" => _safe.At("passphrase"), _ => value };
        string[] issue = _safe.Issue;
        var at = Array.IndexOf(issue, option);
        if (at >= 0) issue[at + 1] = given;
        else issue = [.. issue, option, given];
        var (code, error) = await _safe.FailAsync(issue);
        code.Should().Be(2, error);
        error.Should().Contain(problem);
        _safe.Plugin.Out.Should().BeEmpty();
    }

    [Fact]
    public async Task A_key_signs_once()
    {
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync();
        (await _safe.FailAsync("sign", _safe.Voucher, "--key", _safe.At("first.pem"))).Error.Should().Contain("signed this voucher already");
    }

    [Fact]
    public async Task A_voucher_that_was_changed_is_not_signed_again()
    {
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync();
        await File.WriteAllTextAsync(_safe.Voucher, "x" + await File.ReadAllTextAsync(_safe.Voucher));
        var (code, error) = await _safe.FailAsync("sign", _safe.Voucher, "--key", _safe.At("second.pem"));
        code.Should().Be(2);
        error.Should().Contain("is not a voucher that can be used: the voucher");
    }

    [Fact]
    public async Task The_manifest_is_one_that_the_cluster_accepts()
    {
        await _safe.MakeKeysAsync(required: 2);
        var text = await File.ReadAllTextAsync(_safe.Manifest);
        text.Should().Contain("\"y\": ").And.Contain("kind: BreakGlassAuthority").And.NotContain("PRIVATE");
        var authority = await BreakGlass.Cli.Vouchers.AuthorityManifest.ReadTypedAsync(_safe.Manifest, CancellationToken.None);
        authority.Spec.Required.Should().Be(2);
        authority.Spec.Keys.Should().HaveCount(2).And.OnlyContain(k => AuthorityKeys.Problem(k) == null);

        (await _safe.FailAsync("authority", "another", "--private-key", _safe.At("third.pem"), "--into", _safe.Manifest)).Error
            .Should().Contain("is about the authority 'offline-2026', not 'another'");
        File.Exists(_safe.At("third.pem")).Should().BeFalse();
        (await _safe.FailAsync("authority", "Not_A_Name", "--private-key", _safe.At("third.pem"))).Code.Should().Be(2);
    }

    internal static async Task<(int Code, string Output)> RunToolAsync(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(output));
    }

    /// <summary>The only text of 43 characters of base64url: SHA-256.</summary>
    private static string Thumbprint(string text) =>
        text.Split([' ', '\n', ':']).Should().ContainSingle(word => word.Length == 43 && word.All(c => char.IsAsciiLetterOrDigit(c) || c == '-' || c == '_'))
            .Subject;
}
