namespace Simulation;

internal static class Choices
{
    public static T? Pick<T>(this Random random, IReadOnlyList<T> choices)
        where T : class => choices.Count == 0 ? null : choices[random.Next(choices.Count)];
}
