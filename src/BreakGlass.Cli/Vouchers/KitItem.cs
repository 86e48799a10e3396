namespace BreakGlass.Cli.Vouchers;

/// <summary>A file in a kit. Its text form does not show the content.</summary>
internal sealed record KitItem(string Name, byte[] Content)
{
    public const int Largest = 64 * 1024;
    public const int LongestName = 100;

    /// <summary>Whether it can be a name in a kit: a name of a file in one directory on every system.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0])
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') && name[^1] != '.';

    /// <summary>Reads a file for a kit.</summary>
    /// <exception cref="CliException">It is not there, too large, or cannot have its name in a kit.</exception>
    public static async Task<KitItem> ReadAsync(string file, CancellationToken cancellationToken)
    {
        if (!File.Exists(file)) throw new CliException(ExitCodes.NotFound, $"there is no file '{file}'.");
        if (new FileInfo(file).Length > Largest) throw CliException.Usage($"'{file}' is larger than {Largest / 1024} KiB, which nothing in a kit is.");
        var name = Path.GetFileName(file);
        if (!IsName(name)) throw CliException.Usage($"'{name}' cannot be the name of a file in a kit; use letters, digits, '.', '-' and '_'.");
        return new(name, await File.ReadAllBytesAsync(file, cancellationToken));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
