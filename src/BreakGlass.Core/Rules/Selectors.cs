namespace BreakGlass.Core.Rules;

/// <summary>Label selectors as people write them.</summary>
internal static class Selectors
{
    public static IEnumerable<Problem> Check(string reason, string field, LabelSelector? selector)
    {
        foreach (var requirement in selector?.MatchExpressions ?? [])
        {
            if (!ApiWords.Each(ApiWords.SelectorOperators).Contains(requirement.Operator))
            {
                yield return new(reason, field, $"operator '{requirement.Operator}' is not supported; use one of {ApiWords.SelectorOperators}");
            }
            else if (requirement.Operator is "In" or "NotIn" && requirement.Values.Count == 0)
            {
                yield return new(reason, field, $"operator {requirement.Operator} requires values");
            }
        }
    }
}
