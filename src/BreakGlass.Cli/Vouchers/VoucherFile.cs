using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary>Vouchers in files.</summary>
internal static class VoucherFile
{
    /// <summary>Reads a voucher from a file, or from standard input (<c>-</c>), and its exact text without the line feed at its end.</summary>
    /// <exception cref="CliException">It is not one.</exception>
    public static async Task<(SignedVoucher Voucher, string Text)> ReadAsync(CliHost host, string file, CancellationToken cancellationToken)
    {
        var text = (await TextAsync(host, file, cancellationToken)).TrimEnd('\r', '\n');
        return SignedVoucher.TryRead(text, out var problem) is { } voucher
            ? (voucher, text) : throw CliException.Usage($"'{file}' is not a voucher that can be used: {problem}.");
    }

    /// <summary>Writes a voucher to standard output, or to a file, which may exist.</summary>
    public static async Task WriteAsync(CliHost host, string? file, string text, CancellationToken cancellationToken)
    {
        if (file is null or "-") await host.Out.WriteLineAsync(text);
        else await CredentialFiles.WriteAsync(file, Encoding.ASCII.GetBytes(text + "\n"), cancellationToken);
    }

    /// <summary>What a voucher gives, in one line for a person who signs it or packs it.</summary>
    public static string Line(Voucher voucher) =>
        $"{VisibleText.Name(voucher.Person)} may use policy {voucher.Policy}{Only("access", voucher.Access)}{Only("namespaces", voucher.Namespaces)} "
            + $"of cluster {voucher.Cluster} once, for at most {GoDuration.Format(voucher.MaxDuration)}, from {Timestamp.Text(voucher.NotBefore)} to "
            + $"{Timestamp.Text(voucher.Expires)} (voucher {voucher.Id} of authority {voucher.Authority})";

    private static async Task<string> TextAsync(CliHost host, string file, CancellationToken cancellationToken)
    {
        if (file == "-")
        {
            var buffer = new char[SignedVoucher.MaxLength + 3];
            return new(buffer, 0, await host.Input.ReadBlockAsync(buffer, cancellationToken));
        }

        if (!File.Exists(file)) throw new CliException(ExitCodes.NotFound, $"there is no file '{file}'.");
        return new FileInfo(file).Length > SignedVoucher.MaxLength + 2
            ? new('a', SignedVoucher.MaxLength + 1) : await File.ReadAllTextAsync(file, cancellationToken);
    }

    private static string Only(string what, IReadOnlyList<string> names) => names.Count == 0 ? "" : $" ({what}: {string.Join(", ", names)})";
}
