using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;
using Kube.Model;

namespace Kube.Client;

/// <summary>What the package's models do not say of the wire, as changes of their JSON contracts.</summary>
internal static class ModelHabits
{
    /// <summary>The MicroTimes among the models' times. The package writes them without a fraction on a whole second, and API servers answer that with 400.</summary>
    private static readonly HashSet<(Type, string)> MicroTimes =
    [
        (typeof(V1LeaseSpec), "acquireTime"),
        (typeof(V1LeaseSpec), "renewTime"),
        (typeof(Eventsv1Event), "eventTime"),
        (typeof(Eventsv1EventSeries), "lastObservedTime"),
    ];

    /// <summary>
    /// Leaves out <c>managedFields</c>, which are most of a small object's weight and which nothing here reads; writes MicroTimes as such; and lets an object say what it is:
    /// the items of a list come without, and code that makes an object need not repeat it.
    /// </summary>
    public static void Apply(JsonTypeInfo type)
    {
        for (var i = type.Properties.Count - 1; i >= 0; i--)
        {
            var property = type.Properties[i];
            if (property.PropertyType == typeof(IList<V1ManagedFieldsEntry>)) type.Properties.RemoveAt(i);
            else if (MicroTimes.Contains((type.Type, property.Name))) property.CustomConverter = property.PropertyType == typeof(DateTime) ? new SixDigitsConverter() : new SixDigitsOrNullConverter();
        }

        if (KubeModels.ResourceOf(type.Type) is { } resource) SayWhatItIs(type, resource);
    }

    private static void SayWhatItIs(JsonTypeInfo type, ResourceType resource)
    {
        var create = type.CreateObject ?? throw new InvalidOperationException($"{type.Type} cannot be made");
        type.CreateObject = () =>
        {
            var o = (IKubernetesObject)create();
            (o.ApiVersion, o.Kind) = (resource.ApiVersion, resource.Kind);
            return o;
        };
        foreach (var property in type.Properties)
        {
            // In the order that people know. The package's own is that of the alphabet.
            property.Order = property.Name switch { "apiVersion" => 0, "kind" => 1, "metadata" => 2, _ => 3 };
            if (property.Name is "apiVersion") Default(property, resource.ApiVersion);
            else if (property.Name is "kind") Default(property, resource.Kind);
        }
    }

    private static void Default(JsonPropertyInfo property, string value)
    {
        var get = property.Get!;
        property.Get = o => get(o) ?? value;
    }
}
