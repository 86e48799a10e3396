using System.Security.Cryptography;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary>A voucher together with the private key of its holder. Its text form does not show the key.</summary>
internal sealed record HeldVoucher(SignedVoucher Voucher, string Text, ECDsa Key) : IDisposable
{
    private const string KeyEnding = ".key";

    /// <summary>Reads both.</summary>
    /// <param name="host">The host.</param>
    /// <param name="file">The voucher.</param>
    /// <param name="keyFile">The private key; null for the one beside the voucher: alice.key for alice.voucher.</param>
    /// <param name="passphrase">Asked if the key is encrypted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CliException">They cannot be read, do not belong together, or the time of the voucher is not now.</exception>
    public static async Task<HeldVoucher> ReadAsync(
        CliHost host, string file, string? keyFile, Func<string, Task<string>> passphrase, CancellationToken cancellationToken)
    {
        var (voucher, text) = await VoucherFile.ReadAsync(host, file, cancellationToken);
        if (voucher.Claims.TimeProblem(host.Time.GetUtcNow()) is { } untimely) throw new CliException(ExitCodes.Refused, $"{untimely}.");
        var path = keyFile ?? Path.ChangeExtension(file, KeyEnding);
        if (!File.Exists(path))
            throw new CliException(ExitCodes.NotFound, $"there is no file '{path}' with the private key of the voucher's holder. Name it with --holder-key.");
        var key = await KeyFile.ReadHolderKeyAsync(path, passphrase, cancellationToken);
        if (VoucherKey.PublicJwk(key) == voucher.Claims.HolderKey) return new(voucher, text, key);
        key.Dispose();
        throw CliException.Usage($"the key in '{path}' does not belong to the voucher in '{file}'. Use the key of {VisibleText.Name(voucher.Claims.Person)}.");
    }

    /// <summary>The grant with the voucher, and with the proof for it at the time of the cluster.</summary>
    public BreakGlassGrant Present(BreakGlassGrant grant, DateTimeOffset now) => grant with
    {
        Spec = grant.Spec with { Voucher = Text, VoucherProof = VoucherSigning.Prove(Voucher, grant.Metadata.Name, now, Key) },
    };

    /// <summary>The key in the form that decrypts the credential.</summary>
    public ECDiffieHellman ForDecryption() => ECDiffieHellman.Create(Key.ExportParameters(includePrivateParameters: true));

    /// <inheritdoc/>
    public void Dispose() => Key.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"voucher {Voucher.Claims.Id}";
}
