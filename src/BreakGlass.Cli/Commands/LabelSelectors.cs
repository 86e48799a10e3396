namespace BreakGlass.Cli.Commands;

/// <summary>Label selectors as kubectl's <c>-l</c> has them.</summary>
internal static class LabelSelectors
{
    /// <summary>Reads one; null where nothing is selected by.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static LabelSelector? Parse(string? text)
    {
        if (text is null) return null;
        if (string.IsNullOrWhiteSpace(text)) throw CliException
            .Usage("--selector is empty and would lock down everything. Set the labels of the policies, or remove --selector to lock down everything.");
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        var expressions = new List<LabelSelectorRequirement>();
        foreach (var part in Parts(text))
        {
            if (part.Split("!=") is [var unlike, var not]) expressions.Add(new() { Key = Key(unlike, text), Operator = "NotIn", Values = [not.Trim()] });
            else if (part.Replace("==", "=", StringComparison.Ordinal).Split('=') is [var key, var value])
            {
                if (!labels.TryAdd(Key(key, text), value.Trim())) throw CliException.Usage(
                    $"'{text}' requires two values of the label '{key.Trim()}' at once, which no policy can have; use '{key.Trim()} in (…)' for either.");
            }
            else if (part.Split(" in ") is [var of, var set]) expressions.Add(new() { Key = Key(of, text), Operator = "In", Values = Set(set, text) });
            else if (part.Split(" notin ") is [var off, var unset])
                expressions.Add(new() { Key = Key(off, text), Operator = "NotIn", Values = Set(unset, text) });
            else if (part.StartsWith('!')) expressions.Add(new() { Key = Key(part[1..], text), Operator = "DoesNotExist" });
            else expressions.Add(new() { Key = Key(part, text), Operator = "Exists" });
        }

        return new() { MatchLabels = labels, MatchExpressions = expressions };
    }

    /// <summary>Cut at the commas that stand outside parentheses.</summary>
    private static IEnumerable<string> Parts(string text)
    {
        var (depth, from) = (0, 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '(') depth++;
            else if (i < text.Length && text[i] == ')') depth--;
            else if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                yield return text[from..i].Trim();
                from = i + 1;
            }
        }
    }

    private static string Key(string key, string text)
    {
        var trimmed = key.Trim();
        return trimmed.Length > 0 && trimmed.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/') ? trimmed : throw Wrong(text);
    }

    private static string[] Set(string set, string text)
    {
        var trimmed = set.Trim();
        if (!trimmed.StartsWith('(') || !trimmed.EndsWith(')')) throw Wrong(text);
        return trimmed[1..^1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private static CliException Wrong(string text) => CliException
        .Usage($"'{text}' is not a valid label selector; use for example team=payments, tier!=prod, 'team in (a,b)', team or '!team', separated by commas.");
}
