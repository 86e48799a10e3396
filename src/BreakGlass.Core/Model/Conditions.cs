namespace BreakGlass.Core.Model;

/// <summary>Conditions as the API conventions have them: one of each type, and a transition time that moves only when the status does.</summary>
public static class Conditions
{
    /// <summary>The condition of a type, or null.</summary>
    public static Condition? Find(IReadOnlyList<Condition> conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (condition.Type == type) return condition;
        }

        return null;
    }

    /// <summary>Whether the condition is there and True.</summary>
    public static bool IsTrue(IReadOnlyList<Condition> conditions, string type) => Find(conditions, type)?.Status == "True";

    /// <summary>The list with a condition set. A condition that stands there with the same status keeps its transition time.</summary>
    public static IReadOnlyList<Condition> With(
        this IReadOnlyList<Condition> conditions, string type, bool? status, string reason, string message, long? generation, DateTimeOffset now)
    {
        var text = status switch { true => "True", false => "False", null => "Unknown" };
        var before = Find(conditions, type);
        var condition = new Condition
        {
            Type = type,
            Status = text,
            Reason = reason,
            Message = message,
            ObservedGeneration = generation,
            LastTransitionTime = before?.Status == text ? before.LastTransitionTime : now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)),
        };
        return before is null ? [.. conditions, condition] : [.. conditions.Select(c => c.Type == type ? condition : c)];
    }

    /// <summary>The list without a condition.</summary>
    public static IReadOnlyList<Condition> Without(this IReadOnlyList<Condition> conditions, string type) =>
        Find(conditions, type) is null ? conditions : [.. conditions.Where(c => c.Type != type)];
}
