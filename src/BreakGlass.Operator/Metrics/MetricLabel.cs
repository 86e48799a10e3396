namespace BreakGlass.Operator.Metrics;

/// <summary>
/// The value of a metric's label. It comes from a set that is known before anything happens: an enum, a list of constants, or the policies that exist. What
/// is in no set is empty, so the name of a user or a grant cannot become one.
/// </summary>
internal readonly record struct MetricLabel
{
    private readonly string? _value;

    private MetricLabel(string? value) => _value = value;

    /// <summary>The name of an enum's member; empty if the number has none.</summary>
    public static MetricLabel Of<T>(T value)
        where T : struct, Enum => new(Enum.GetName(value));

    /// <summary>A value of a known set; empty if it is not in it.</summary>
    public static MetricLabel Of(string value, IReadOnlySet<string> known) => new(known.Contains(value) ? value : null);

    /// <summary>A key of a known set; empty if it is not in it.</summary>
    public static MetricLabel Of(string value, IReadOnlyDictionary<string, bool> known) => new(known.ContainsKey(value) ? value : null);

    /// <inheritdoc/>
    public override string ToString() => _value ?? "";
}
