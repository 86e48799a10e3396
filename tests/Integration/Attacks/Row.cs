using Xunit;

namespace Integration.Attacks;

/// <summary>One line of the table: who does what, and what must come of it.</summary>
/// <param name="Who">Who.</param>
/// <param name="Does">What; unique in the table.</param>
/// <param name="Expected">What must come of it.</param>
/// <param name="Act">Does it, after whatever has to be there first; gives the answer to the attack itself.</param>
internal sealed record Row(string Who, string Does, Expectation Expected, Func<Scene, Task<ApiAnswer>> Act)
{
    /// <summary>What has to be there before the deeds of the whole table begin; null where nothing has to.</summary>
    public Func<Scene, Task>? Prepare { get; init; }

    /// <summary>The line's name in reports.</summary>
    public string Name => $"{Who}: {Does}";

    /// <summary>The names of lines, for a theory.</summary>
    public static TheoryData<string> Names(IEnumerable<Row> rows) => [.. rows.Select(r => r.Name)];
}
