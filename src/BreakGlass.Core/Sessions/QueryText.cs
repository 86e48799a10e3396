namespace BreakGlass.Core.Sessions;

/// <summary>
/// Reads the query of a request as the API server does (url.ParseQuery of Go): names differ by case, the first of a parameter's values counts where one is
/// expected, and what cannot be decoded is left out.
/// </summary>
public static class QueryText
{
    /// <summary>The parameters, in their order.</summary>
    /// <param name="query">The query as it was sent, without the question mark.</param>
    public static IEnumerable<(string Name, string Value)> Read(string query)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var split = pair.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = split < 0 ? (pair, "") : (pair[..split], pair[(split + 1)..]);

            // Before Go 1.17, a semicolon separated parameters; since then, a pair with one is an error.
            if (!pair.Contains(';', StringComparison.Ordinal) && Decode(name) is { } decodedName && Decode(value) is { } decodedValue)
                yield return (decodedName, decodedValue);
        }
    }

    /// <summary>Whether every reader of a query finds the same in it: each pair can be decoded, and its name is one of those expected.</summary>
    /// <param name="query">The query as it was sent, without the question mark.</param>
    /// <param name="names">The names.</param>
    public static bool HasOnly(string query, params ReadOnlySpan<string> names)
    {
        var pairs = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Length;
        foreach (var (name, _) in Read(query))
        {
            if (names.Contains(name)) pairs--;
        }

        return pairs == 0;
    }

    private static string? Decode(string text)
    {
        for (var at = text.IndexOf('%', StringComparison.Ordinal); at >= 0; at = text.IndexOf('%', at + 1))
        {
            if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1]) || !char.IsAsciiHexDigit(text[at + 2])) return null;
        }

        return Uri.UnescapeDataString(text.Replace('+', ' '));
    }
}
