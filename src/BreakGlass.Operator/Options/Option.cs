namespace BreakGlass.Operator.Options;

/// <summary>One option: its names, its meaning, and how it gets into <see cref="OperatorOptions"/>.</summary>
/// <param name="Name">The flag without the two hyphens.</param>
/// <param name="Variable">The environment variable; null where there is none.</param>
/// <param name="Value">What stands for the value in the help; null for a switch, which may stand alone.</param>
/// <param name="Help">What it is for, one line.</param>
/// <param name="Show">The value as the option would be written; empty where it is not set.</param>
/// <param name="Read">The options with the text read into them, or the end of the sentence that says what is wrong.</param>
internal sealed record Option(
    string Name,
    string? Variable,
    string? Value,
    string Help,
    Func<OperatorOptions, string> Show,
    Func<OperatorOptions, string, (OperatorOptions Options, string? Problem)> Read)
{
    public string Names => Variable is null ? $"--{Name}" : $"--{Name} ({Variable})";
}
