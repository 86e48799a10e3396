namespace BreakGlass.Cli.Vouchers;

/// <summary>Where a passphrase comes from: a file, standard input, or the person. Never an argument, which other users of the machine can read.</summary>
internal sealed class Passphrase
{
    /// <summary>An attacker who has the file can try as many as they like.</summary>
    private const int Shortest = 12;

    private const int Longest = 1024;

    private readonly Option<string?> _file = new("--passphrase-file")
        { Description = "The file with the passphrase in its first line; - for standard input; by default you are asked for it", HelpName = "FILE" };

    public Passphrase(Command command) => command.Options.Add(_file);

    /// <summary>Whether it is read from standard input.</summary>
    public bool IsFromInput(ParseResult parse) => parse.GetValue(_file) == "-";

    /// <summary>The passphrase of something that was encrypted before.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public async Task<string> ReadAsync(ParseResult parse, CliHost host, string of, CancellationToken cancellationToken) =>
        parse.GetValue(_file) is { } file ? await OfFileAsync(file, host, cancellationToken) : Ask(host, $"Passphrase of {of}: ");

    /// <summary>The passphrase for something new; a person types it twice.</summary>
    /// <exception cref="CliException">There is none, or it is too short, or cannot be typed everywhere.</exception>
    public async Task<string> ReadNewAsync(ParseResult parse, CliHost host, string of, CancellationToken cancellationToken)
    {
        var passphrase = await ReadAsync(parse, host, $"{of} (new)", cancellationToken);
        if (passphrase.Length < Shortest)
            throw CliException.Usage($"the passphrase is too short: use at least {Shortest} characters, for example six random words.");
        if (passphrase.Any(c => c is < ' ' or > '~'))
            throw CliException.Usage("the passphrase has characters that not every keyboard has. Use letters, digits and signs of ASCII.");
        if (parse.GetValue(_file) is null && Ask(host, $"Passphrase of {of} (again): ") != passphrase)
            throw CliException.Usage("the two passphrases differ. Nothing was written; start again.");
        return passphrase;
    }

    private static async Task<string> OfFileAsync(string file, CliHost host, CancellationToken cancellationToken)
    {
        if (file == "-") return Checked(await host.Input.ReadLineAsync(cancellationToken), "standard input");
        using var reader = new StreamReader(file, Encoding.UTF8);
        return Checked(await reader.ReadLineAsync(cancellationToken), "its file");
    }

    private static string Ask(CliHost host, string prompt) => host.ReadSecret is { } ask
        ? Checked(ask(prompt), "the terminal")
        : throw CliException.Usage("there is no terminal to ask for the passphrase. Use --passphrase-file FILE, or - for standard input.");

    private static string Checked(string? passphrase, string where) => passphrase is { Length: > 0 and <= Longest }
        ? passphrase : throw CliException.Usage($"the passphrase from {where} is empty or too long.");
}
