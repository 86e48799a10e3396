using System.Collections.Frozen;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A query over labels (meta/v1 LabelSelector). An empty selector selects everything.</summary>
public sealed record LabelSelector
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = FrozenDictionary<string, string>.Empty;

    /// <summary>Labels that must have exactly these values.</summary>
    [Properties(32), ItemLength(63)]
    public IReadOnlyDictionary<string, string> MatchLabels { get; init => field = value ?? NoLabels; } = NoLabels;

    /// <summary>Additional requirements. All of them must match.</summary>
    [Items(maxItems: 32)]
    public IReadOnlyList<LabelSelectorRequirement> MatchExpressions { get; init => field = value ?? []; } = [];

    /// <summary>Whether <paramref name="labels"/> satisfy every requirement.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in MatchLabels)
        {
            if (!labels.TryGetValue(key, out var have) || have != value) return false;
        }

        foreach (var requirement in MatchExpressions)
        {
            if (!requirement.Matches(labels)) return false;
        }

        return true;
    }
}
