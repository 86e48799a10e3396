namespace Benchmarks;

/// <summary>What to measure, from the arguments.</summary>
internal sealed record BenchOptions
{
    /// <summary>Groups of figures, in the order in which they are measured.</summary>
    public static IReadOnlyList<string> Groups { get; } = ["latency", "requests", "expiry", "lockdown", "vouchers", "size", "journal", "gateway"];

    /// <summary>
    /// Measured only if asked for: whether the largest grants, as many as it is made for, fit into the container. It takes some minutes and fills etcd.
    /// </summary>
    public const string Largest = "largest";

    /// <summary>The operator to measure: a published binary, or a <c>.dll</c> that is run by <c>dotnet</c>.</summary>
    public required string Operator { get; init; }

    /// <summary>The groups asked for.</summary>
    public required IReadOnlyList<string> Only { get; init; }

    /// <summary>Smaller numbers of everything: whether it works at all, not how fast.</summary>
    public bool Quick { get; init; }

    /// <summary>The file whose figures are replaced; null to print them only.</summary>
    public string? WriteTo { get; init; }

    /// <summary>A run of everything at full size: the only one whose figures are kept. Those of the gateway are kept without the others, too.</summary>
    public bool IsWhole => !Quick && Groups.All(Wants);

    public bool Wants(string group) => Only.Contains(group);

    /// <summary>A number of things, or about a tenth of it in a quick run.</summary>
    public int Size(int full) => Quick ? Math.Max(1, full / 10) : full;

    /// <exception cref="ArgumentException">An argument that is not known; the message lists those that are.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> args)
    {
        var options = new BenchOptions { Operator = "", Only = Groups };
        foreach (var arg in args)
        {
            options = arg.Split('=', 2) switch
            {
                ["--operator", var path] => options with { Operator = path },
                ["--only", var groups] => options with { Only = ParseGroups(groups) },
                ["--quick"] => options with { Quick = true },
                ["--write", var path] => options with { WriteTo = path },
                _ => throw new ArgumentException($"'{arg}' is no argument: --only={string.Join(',', Groups)} --quick --write=FILE --operator=FILE"),
            };
        }

        return options.Operator.Length > 0 ? options : throw new ArgumentException("--operator=FILE is missing; hack/bench.sh gives it.");
    }

    private static List<string> ParseGroups(string text)
    {
        var asked = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return asked.FirstOrDefault(g => g != Largest && !Groups.Contains(g)) is { } unknown
            ? throw new ArgumentException($"'{unknown}' is no group of figures; there are {string.Join(", ", Groups.Append(Largest))}.")
            : [.. Groups.Append(Largest).Where(asked.Contains)];
    }
}
