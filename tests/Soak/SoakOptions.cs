using System.Globalization;
using System.Text.RegularExpressions;

namespace Soak;

/// <summary>How long, from which seed, with which faults and which program.</summary>
internal sealed partial record SoakOptions
{
    /// <summary>How long faults are made; the quiet at the end comes on top.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The order of everything that people do and of all faults follows from it.</summary>
    public required int Seed { get; init; }

    /// <summary>Only these kinds of faults, in this order and again from the first; null for all, shuffled by the seed.</summary>
    public IReadOnlyList<string>? Only { get; init; }

    /// <summary>The operator: a published binary, or a <c>.dll</c> that is run by <c>dotnet</c>.</summary>
    public required string Operator { get; init; }

    /// <summary>The operator as it was built beside this program.</summary>
    public static string BuiltOperator { get; } = Path.Combine(
        TestKit.Golden.RepositoryRoot, "artifacts", "bin", "BreakGlass.Operator", new DirectoryInfo(AppContext.BaseDirectory).Name, "breakglass-operator.dll");

    /// <summary>Reads SOAK (30m, 6h), SOAK_SEED, SOAK_FAULTS (names with commas between) and OPERATOR.</summary>
    /// <exception cref="ArgumentException">A value that cannot be read; the message says which.</exception>
    public static SoakOptions FromEnvironment()
    {
        static string? Of(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
        var seed = Random.Shared.Next(1, 1_000_000);
        if (Of("SOAK_SEED") is { } text && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed))
        {
            throw new ArgumentException($"SOAK_SEED='{text}' is not a number.");
        }

        return new()
        {
            Length = Of("SOAK") is { } length ? Duration(length) : TimeSpan.FromMinutes(30),
            Seed = seed,
            Only = Of("SOAK_FAULTS")?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            Operator = Of("OPERATOR") ?? BuiltOperator,
        };
    }

    private static TimeSpan Duration(string text)
    {
        if (GoDuration().Match(text) is not { Success: true, Length: > 0 } match)
            throw new ArgumentException($"SOAK='{text}' is not a valid duration; use for example 30m or 6h.");
        double Part(string unit) => match.Groups[unit] is { Success: true, ValueSpan: var digits } ? double.Parse(digits, CultureInfo.InvariantCulture) : 0;
        return TimeSpan.FromHours(Part("h")) + TimeSpan.FromMinutes(Part("m")) + TimeSpan.FromSeconds(Part("s"));
    }

    [GeneratedRegex(@"^((?<h>\d{1,4})h)?((?<m>\d{1,5})m)?((?<s>\d{1,6})s)?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex GoDuration();
}
