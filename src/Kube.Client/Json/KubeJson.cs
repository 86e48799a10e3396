using System.Collections;

namespace Kube.Client;

/// <summary>
/// Gives contracts the habits of the Kubernetes API: nulls and empty collections left out, times in whole seconds (MicroTimes: <see cref="ModelHabits"/>),
/// strings pooled.
/// </summary>
public static class KubeJson
{
    /// <summary>
    /// Options over a context with these habits. Go's <c>omitempty</c> leaves out empty maps and lists, and a patch that names an empty list would claim a
    /// field that it has no opinion on.
    /// </summary>
    public static JsonSerializerOptions WithKubernetesHabits(JsonSerializerContext context)
    {
        var resolver = ((IJsonTypeInfoResolver)context).WithAddedModifier(ModelHabits.Apply).WithAddedModifier(LeaveOutEmptyCollections);
        var options = new JsonSerializerOptions(context.Options) { TypeInfoResolver = resolver };
        options.Converters.Add(new PooledStringConverter());
        options.Converters.Add(new WholeSecondsConverter());
        options.MakeReadOnly();
        return options;
    }

    private static void LeaveOutEmptyCollections(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.PropertyType == typeof(string) || !typeof(IEnumerable).IsAssignableFrom(property.PropertyType)) continue;
            property.ShouldSerialize = static (_, value) => value switch
            {
                null => false,
                ICollection collection => collection.Count > 0,
                IEnumerable sequence => sequence.GetEnumerator().MoveNext(),
                _ => true,
            };
        }
    }
}
