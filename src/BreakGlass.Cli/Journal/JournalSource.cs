using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary>Where a journal is, and the key that verifies it: what all of its commands take.</summary>
internal sealed class JournalSource
{
    private const int LongestKey = 4096;

    private readonly Argument<string> _directory = new("DIR") { Description = "The directory that contains the file 'checkpoint'" };
    private readonly Option<string> _key = new("--key")
        { Description = "The public key, as text (name+hash+base64) or in a file. Get it from a place that the journal's writer cannot change",
          HelpName = "FILE", Required = true };

    public void AddTo(Command command)
    {
        command.Arguments.Add(_directory);
        command.Options.Add(_key);
    }

    public LogReader Reader(ParseResult parse) => JournalDirectory.Open(parse.GetRequiredValue(_directory));

    public VerifierKey Key(ParseResult parse)
    {
        var given = parse.GetRequiredValue(_key);
        if (VerifierKey.TryParse(given, out var key)) return key;
        if (JournalDirectory.Read(given, LongestKey) is not { } bytes) throw CliException.Usage(
            $"--key: '{given}' is not a public key, and there is no such file. A key is for example breakglass.example.com/prod+c74f20a3+ARpc2QcUPDhM….");
        var text = Encoding.UTF8.GetString(bytes.Span).Trim();
        if (VerifierKey.TryParse(text, out key)) return key;
        throw CliException.Usage(SigningKey.TryParse(text, out _)
            ? $"--key: '{given}' contains the private key. Use the file with the public key, and keep the private one where only the operator can read it."
            : $"--key: '{given}' does not contain a public key (name+hash+base64).");
    }
}
