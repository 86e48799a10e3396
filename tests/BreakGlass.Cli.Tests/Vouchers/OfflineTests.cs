using System.Runtime.Versioning;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Vouchers;

/// <summary>The plugin as a process on a machine without any network, kubeconfig or environment.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class OfflineTests : IDisposable
{
    private static readonly string Binary = Path.Combine(
        Golden.RepositoryRoot, "artifacts", "bin", "BreakGlass.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "kubectl-breakglass.dll");

    private readonly Safe _safe = new();

    public void Dispose() => _safe.Dispose();

    [Fact]
    public async Task From_the_keys_to_the_opened_kit_no_command_needs_a_network_or_a_cluster()
    {
        await _safe.MakeKeysAsync();
        await _safe.IssueAsync();
        await _safe.PackAsync();
        var script = $$"""
            set -eu
            cd '{{_safe.Plugin.Directory}}'
            mkdir offline
            test "$(cat /proc/net/dev | grep -cv lo:)" -eq 2    # the two lines of its head
            voucher() { env -i PATH="$PATH" HOME="$PWD/offline" dotnet '{{Binary}}' voucher "$@"; }
            voucher authority offline-2026 --private-key offline/first.pem --required 2 --passphrase-file passphrase > offline/authority.yaml
            voucher authority offline-2026 --private-key offline/second.pem --into offline/authority.yaml --passphrase-file passphrase
            voucher holder --private-key offline/bob.key --passphrase-file passphrase > offline/bob.jwk
            voucher issue --key offline/first.pem --authority offline-2026 --cluster {{OfflineDesk.Cluster}} --person bob --policy payments-oncall \
                --holder offline/bob.jwk --out offline/bob.voucher --passphrase-file passphrase
            voucher sign offline/bob.voucher --key offline/second.pem --out offline/bob.voucher --passphrase-file passphrase
            voucher inspect offline/bob.voucher --authority offline/authority.yaml
            voucher kit --voucher offline/bob.voucher --holder-key offline/bob.key --courier courier.kubeconfig --out offline/prod.kit \
                --passphrase-file passphrase
            voucher kit open offline/prod.kit --to offline/kit --passphrase-file passphrase
            cmp offline/kit/bob.voucher offline/bob.voucher
            """;

        var (code, output) = await VoucherCommandTests.RunToolAsync("unshare", "--map-root-user", "--net", "sh", "-c", script);

        code.Should().Be(0, output);
        output.Should().Contain("(verified)");
    }
}
