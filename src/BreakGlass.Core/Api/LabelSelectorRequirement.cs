using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One requirement of a <see cref="LabelSelector"/>.</summary>
public sealed record LabelSelectorRequirement
{
    /// <summary>The label's key.</summary>
    [Required, Length(1, 317)]
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>In, NotIn, Exists or DoesNotExist.</summary>
    [Required, Enum(ApiWords.SelectorOperators)]
    public string Operator { get; init => field = value ?? ""; } = "";

    /// <summary>The values for In and NotIn. Empty for Exists and DoesNotExist.</summary>
    [Items(maxItems: 64), ItemLength(63)]
    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];

    /// <summary>Whether the labels satisfy it. An operator that is not known never matches: a selector must not widen by a misspelling.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var has = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            "In" => has && Values.Contains(value!),
            "NotIn" => !has || !Values.Contains(value!),
            "Exists" => has,
            "DoesNotExist" => !has,
            _ => false,
        };
    }
}
