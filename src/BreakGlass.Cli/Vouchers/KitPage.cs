using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary>The page that is printed and kept with the kit, and is in it too. It contains no secret.</summary>
internal static class KitPage
{
    /// <summary>The name of the page in the kit.</summary>
    public const string Name = "README.txt";

    /// <summary>The text of the page.</summary>
    /// <param name="file">The name of the kit's file.</param>
    /// <param name="made">When the kit was made.</param>
    /// <param name="courierUntil">Until when the courier's credential works; null if it is not known.</param>
    /// <param name="vouchers">The vouchers, by the names of their files.</param>
    /// <param name="keys">The names of the files with holders' keys.</param>
    public static string Text(string file, DateTimeOffset made, DateTimeOffset? courierUntil, IReadOnlyList<(string Name, SignedVoucher Voucher)> vouchers,
        IReadOnlyList<string> keys)
    {
        var example = vouchers[0].Name;
        var key = KeyOf(example, keys) ?? "KEY";
        var last = vouchers.Max(v => v.Voucher.Claims.Expires);
        var (end, first) = courierUntil is { } until && until < last ? (until, "the courier's credential") : (last, "the last of the vouchers");
        var people = string.Join(", ", vouchers.Select(v => VisibleText.Name(v.Voucher.Claims.Person)).Distinct());
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            EMERGENCY ACCESS WHEN PEOPLE CANNOT SIGN IN: {file}
            made at {Timestamp.Text(made)}, ends at {Timestamp.Text(end)}

            What it is: an encrypted file with {vouchers.Count} voucher(s), which were approved and signed beforehand. Each gives one person the access of one
            policy for a short time, once. The file also has the courier: an identity that can do nothing but present them.
            Who may open it: {people}, and only if they cannot sign in to the cluster. Each use raises an alert, and must be reviewed.
            When it ends: {first} expires at {Timestamp.Text(end)}. Make a new kit before.
            {(courierUntil is null ? "The courier's token may expire earlier: the person who made it knows when.\n" : "")}
            1. Open the kit. You need its passphrase.

                 kubectl breakglass voucher kit open {file} --to kit

               Without the plugin: mkdir -m 700 kit && gpg --decrypt {file} | tar -x -C kit

            2. Request access with a voucher that names you. You need the passphrase of your key.

                 kubectl breakglass request --kubeconfig kit/{CourierFile} --voucher kit/{example} --holder-key kit/{key} --reason "what is broken"

               Run the line that it prints (export KUBECONFIG=…). Then use kubectl as usual until the time is over.

            3. Afterwards: delete the directory kit. Replace the keys of the authority, or at least the courier, and make a new kit: everybody
               who saw this one could keep a copy. Each voucher works once.

            """);
        foreach (var (name, voucher) in vouchers)
        {
            var with = KeyOf(name, keys) is { } own ? $" with {own}" : "";
            text.Append(CultureInfo.InvariantCulture, $"\n{name}{with}\n   {VoucherFile.Line(voucher.Claims)}\n");
        }

        return VisibleText.Lines(text.ToString());
    }

    /// <summary>The name of the courier's kubeconfig in the kit.</summary>
    public const string CourierFile = "courier.kubeconfig";

    /// <summary>The key beside a voucher: alice.key is beside alice.voucher.</summary>
    private static string? KeyOf(string voucher, IReadOnlyList<string> keys) =>
        keys.FirstOrDefault(k => Path.GetFileNameWithoutExtension(k) == Path.GetFileNameWithoutExtension(voucher)) ?? (keys.Count == 1 ? keys[0] : null);
}
