namespace BreakGlass.Core.Rules;

/// <summary>Something wrong with a manifest.</summary>
/// <param name="Reason">CamelCase, for conditions.</param>
/// <param name="Field">Path of the field, e.g. <c>spec.duration.max</c>.</param>
/// <param name="Message">What is wrong and what to write instead; the field's name is put before it where it does not begin with it.</param>
public sealed record Problem(string Reason, string Field, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => Message.StartsWith(Field, StringComparison.Ordinal) ? Message : $"{Field}: {Message}";
}
