using System.Formats.Tar;
using Org.BouncyCastle.Bcpg;
using Org.BouncyCastle.Bcpg.OpenPgp;
using Org.BouncyCastle.Security;

namespace BreakGlass.Cli.Vouchers;

/// <summary>
/// A kit: a tar archive in an OpenPGP message (RFC 9580) that is encrypted with a passphrase, AES-256 and an integrity check.
/// <c>gpg --decrypt KIT | tar -x</c> opens it on a machine without this plugin.
/// </summary>
internal static class KitFile
{
    /// <summary>The most that OpenPGP can iterate: 65,011,712 bytes are hashed for each passphrase that somebody tries (RFC 9580 section 3.7.1.3).</summary>
    private const int Iterations = 0xff;

    private const int MostItems = 64;
    private const int Largest = MostItems * (KitItem.Largest + 2048);

    /// <summary>Packs and encrypts.</summary>
    public static byte[] Seal(IReadOnlyList<KitItem> items, string passphrase, DateTimeOffset now)
    {
        var tar = Pack(items, now);
        using var file = new MemoryStream();
        var encryption = new PgpEncryptedDataGenerator(SymmetricKeyAlgorithmTag.Aes256, withIntegrityPacket: true, new SecureRandom());
        encryption.AddMethodUtf8(passphrase.ToCharArray(), HashAlgorithmTag.Sha256, Iterations);
        using (var encrypted = encryption.Open(file, new byte[1 << 16]))
        using (var content = new PgpLiteralDataGenerator().Open(encrypted, PgpLiteralData.Binary, "kit.tar", tar.Length, now.UtcDateTime))
        {
            content.Write(tar);
        }

        return file.ToArray();
    }

    /// <summary>Decrypts and unpacks. Nothing is used before the integrity of all of it is verified.</summary>
    /// <exception cref="CliException">The passphrase is wrong, or it is not a kit.</exception>
    public static IReadOnlyList<KitItem> Open(string path, string passphrase)
    {
        if (!File.Exists(path)) throw new CliException(ExitCodes.NotFound, $"there is no file '{path}'.");
        if (new FileInfo(path).Length > Largest) throw NotAKit(path);
        var data = Message(path);
        try
        {
            using var clear = data.GetDataStreamUtf8(passphrase.ToCharArray());
            if (new PgpObjectFactory(clear).NextPgpObject() is not PgpLiteralData literal) throw Wrong(path);
            using var content = new MemoryStream();
            literal.GetInputStream().CopyTo(content);
            clear.CopyTo(Stream.Null);
            if (!data.Verify()) throw Wrong(path);
            content.Position = 0;
            return Unpack(content, path);
        }
        catch (Exception e) when (e is not CliException)
        {
            throw Wrong(path); // the library throws many types for what is not as it was written
        }
    }

    /// <summary>The only message in a file, not decrypted yet.</summary>
    private static PgpPbeEncryptedData Message(string path)
    {
        try
        {
            var file = new MemoryStream(File.ReadAllBytes(path), writable: false);
            return new PgpObjectFactory(file).NextPgpObject() is PgpEncryptedDataList { Count: 1 } list && list[0] is PgpPbeEncryptedData data
                && data.IsIntegrityProtected() ? data : throw NotAKit(path);
        }
        catch (Exception e) when (e is not (CliException or UnauthorizedAccessException))
        {
            throw NotAKit(path);
        }
    }

    private static byte[] Pack(IReadOnlyList<KitItem> items, DateTimeOffset now)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var item in items)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, item.Name)
                {
                    Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, ModificationTime = now,
                    DataStream = new MemoryStream(item.Content, writable: false),
                });
            }
        }

        return tar.ToArray();
    }

    private static List<KitItem> Unpack(Stream tar, string path)
    {
        List<KitItem> items = [];
        using var reader = new TarReader(tar);
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || !KitItem.IsName(entry.Name)
                || entry.Length > KitItem.Largest || items.Count == MostItems
                || items.Any(i => string.Equals(i.Name, entry.Name, StringComparison.OrdinalIgnoreCase)))
            {
                throw NotAKit(path);
            }

            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            items.Add(new(entry.Name, content.ToArray()));
        }

        return items;
    }

    private static CliException Wrong(string path) =>
        new(ExitCodes.Refused, $"'{path}' cannot be opened: the passphrase is wrong, or the file was changed.");

    private static CliException NotAKit(string path) =>
        CliException.Usage($"'{path}' is not a kit that 'kubectl breakglass voucher kit' made. Try: gpg --decrypt {path} | tar -t");
}
