using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary>Where a journal is, and the key that verifies it: what all commands that read a journal take.</summary>
internal sealed class JournalSource
{
    private const int LongestKey = 4096;
    private const string KeyHelp =
        "The public key, as text (name+hash+base64) or in a file. Get it from a place that the journal's writer cannot change";

    private const string PlaceHelp = "the directory that contains the file 'checkpoint', or the https:// address that '/checkpoint' follows";

    private readonly Argument<string> _place = new("JOURNAL");
    private readonly Option<string?> _journal = new("--journal") { Description = $"The journal: {PlaceHelp}", HelpName = "JOURNAL" };
    private readonly Option<string?> _ca = new("--ca")
        { Description = "A file with the certificate authority of an https:// address (PEM); by default those of this machine", HelpName = "FILE" };
    private readonly Option<string?> _tokenFile = new("--token-file") { Description = "A file with the token for an https:// address", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--key") { Description = KeyHelp, HelpName = "FILE" };

    /// <summary>For a command that is about the journal: it takes the journal as its argument, and needs the key.</summary>
    /// <param name="command">The command.</param>
    /// <param name="orBundle">Whether it takes a bundle as well.</param>
    public void AddTo(Command command, bool orBundle = false)
    {
        _key.Required = true;
        _place.Description = $"The journal: {PlaceHelp}{(orBundle ? "; or a file from 'report --bundle'" : "")}";
        command.Arguments.Add(_place);
        AddAll(command);
    }

    /// <summary>For a command that can use a journal: all are options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="required">Whether it can do nothing without a journal. It can without the key.</param>
    public void AddOptionsTo(Command command, bool required = false)
    {
        _journal.Required = required;
        command.Options.Add(_journal);
        AddAll(command);
    }

    /// <summary>The journal as it was named; null if it was not.</summary>
    public string? Place(ParseResult parse) => parse.GetResult(_place) is null ? parse.GetValue(_journal) : parse.GetRequiredValue(_place);

    /// <summary>A reader of the journal.</summary>
    public LogReader Reader(ParseResult parse, CancellationToken cancellationToken)
    {
        var (place, ca, tokenFile) = (Place(parse)!, parse.GetValue(_ca), parse.GetValue(_tokenFile));
        if (place.StartsWith(HttpJournal.Scheme, StringComparison.OrdinalIgnoreCase)) return HttpJournal.Open(place, ca, tokenFile, cancellationToken);
        if (ca is not null || tokenFile is not null) throw CliException.Usage("--ca and --token-file are for a journal at an https:// address.");
        if (place.Contains("://", StringComparison.Ordinal)) throw CliException.Usage(
            "only an https:// address and a directory can be read. Copy a bucket to a directory first, for example with 'aws s3 sync'.");
        if (File.Exists(place))
            throw CliException.Usage(
                $"'{place}' is a file, and a journal is a directory. To verify a bundle, use 'kubectl breakglass journal verify {place}'.");
        return JournalDirectory.Open(place);
    }

    /// <summary>Whether a key was given.</summary>
    public bool HasKey(ParseResult parse) => parse.GetValue(_key) is not null;

    public VerifierKey Key(ParseResult parse)
    {
        var given = parse.GetValue(_key)!;
        if (VerifierKey.TryParse(given, out var key)) return key;
        if (JournalDirectory.Read(given, LongestKey) is not { } bytes) throw CliException.Usage(
            $"--key: '{given}' is not a public key, and there is no such file. A key is for example breakglass.example.com/prod+c74f20a3+ARpc2QcUPDhM….");
        var text = Encoding.UTF8.GetString(bytes.Span).Trim();
        if (VerifierKey.TryParse(text, out key)) return key;
        throw CliException.Usage(SigningKey.TryParse(text, out _)
            ? $"--key: '{given}' contains the private key. Use the file with the public key, and keep the private one where only the operator can read it."
            : $"--key: '{given}' does not contain a public key (name+hash+base64), or one in each line, all of one name.");
    }

    private void AddAll(Command command)
    {
        foreach (var option in (Option[])[_key, _ca, _tokenFile]) command.Options.Add(option);
    }
}
