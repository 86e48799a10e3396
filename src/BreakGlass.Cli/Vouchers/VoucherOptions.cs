namespace BreakGlass.Cli.Vouchers;

/// <summary>Values of options that several commands share.</summary>
internal static class VoucherOptions
{
    /// <summary>The file of an authority's private key, and its name.</summary>
    public static (Option<string> Key, Option<string?> Kid) Key() => (
        new("--key") { Description = "The file with a private key of the authority", HelpName = "FILE", Required = true },
        new("--kid") { Description = "The name of the key in the BreakGlassAuthority, if 'voucher authority' did not give it", HelpName = "NAME" });

    /// <summary>Where a voucher is written.</summary>
    public static Option<string?> Out() => new("--out", "-f") { Description = "The file for the voucher; by default standard output", HelpName = "FILE" };

    /// <summary>A time; null if there is none.</summary>
    /// <exception cref="CliException">It is not a time.</exception>
    public static DateTimeOffset? Time(string? text, string option)
    {
        if (text is null) return null;
        return Timestamp.TryParse(text, out var time)
            ? time : throw CliException.Usage($"{option}: '{text}' is not a valid time; use for example 2026-03-28T22:00:00Z, or an offset (+01:00).");
    }

    /// <summary>A duration that can be longer than one that is waited for.</summary>
    /// <exception cref="CliException">It is not a duration, or longer than the longest.</exception>
    public static TimeSpan Duration(string? text, string option, string usual, string longest)
    {
        if (!GoDuration.TryParse(text ?? usual, out var duration) || duration < TimeSpan.FromSeconds(1))
            throw CliException.Usage($"{option}: '{text}' is not a valid duration; use for example {usual}.");
        return duration <= GoDuration.Parse(longest)
            ? duration : throw CliException.Usage($"{option}: '{text}' is longer than {longest}; use a shorter duration.");
    }
}
