namespace BreakGlass.Operator.Options;

/// <summary>Turns an option's text into its value.</summary>
/// <returns>Null where the text is good; else what is wrong and what to write instead, as the end of a sentence that names the option.</returns>
internal delegate string? OptionReader<T>(string text, out T value);
