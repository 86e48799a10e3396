using Kube.Model.Schema;

namespace Kube.Model;

/// <summary>
/// Metadata that every object carries (meta/v1 ObjectMeta). <c>managedFields</c> is left out on purpose: it is most of a
/// small object's weight and nothing here reads it.
/// </summary>
public sealed record ObjectMeta
{
    /// <summary>Unique within the kind and namespace; a DNS subdomain.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>A prefix from which the server makes a name.</summary>
    public string? GenerateName { get; init; }

    /// <summary>The namespace; null for cluster-scoped kinds.</summary>
    public string? Namespace { get; init; }

    /// <summary>Unique over the life of the cluster: an object that was deleted and made again has another.</summary>
    public string? Uid { get; init; }

    /// <summary>Opaque version of the stored object, for optimistic locking.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Counts changes of the desired state (spec), not of status or metadata.</summary>
    public long? Generation { get; init; }

    /// <summary>When the server stored it first, by the server's clock, in whole seconds.</summary>
    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>Set once deletion was asked for; the object goes when its finalizers are gone.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    /// <summary>Labels: selectable, at most 63 characters a value.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init => field = value ?? Empty.Map; } = Empty.Map;

    /// <summary>Annotations: not selectable.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init => field = value ?? Empty.Map; } = Empty.Map;

    /// <summary>Objects that own this one; with all of them gone the garbage collector deletes it.</summary>
    public IReadOnlyList<OwnerReference> OwnerReferences { get; init => field = value ?? []; } = [];

    /// <summary>Names that must be removed before the server lets the object go.</summary>
    public IReadOnlyList<string> Finalizers { get; init => field = value ?? []; } = [];
}

/// <summary>A reference to an owner (meta/v1 OwnerReference). A cluster-scoped owner may own namespaced objects.</summary>
public sealed record OwnerReference
{
    /// <summary>Group and version of the owner.</summary>
    public string ApiVersion { get; init => field = value ?? ""; } = "";

    /// <summary>Kind of the owner.</summary>
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>Name of the owner.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>UID of the owner.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary>Whether this owner manages the object.</summary>
    public bool? Controller { get; init; }

    /// <summary>Whether foreground deletion of the owner waits for this object.</summary>
    public bool? BlockOwnerDeletion { get; init; }
}

/// <summary>Metadata of a list (meta/v1 ListMeta).</summary>
public sealed record ListMeta
{
    /// <summary>The version of the collection that this list shows; a watch goes on from it.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Opaque token for the next page; null or empty on the last one.</summary>
    public string? Continue { get; init; }

    /// <summary>How many items follow, where the server knows.</summary>
    public long? RemainingItemCount { get; init; }
}

/// <summary>A list of objects of one kind.</summary>
public sealed record KubeList<T>
{
    /// <summary>Metadata of the list.</summary>
    public ListMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The objects, in the server's order.</summary>
    public IReadOnlyList<T> Items { get; init => field = value ?? []; } = [];
}

/// <summary>One aspect of an object's state (meta/v1 Condition).</summary>
public sealed record Condition
{
    /// <summary>CamelCase name, unique in the list.</summary>
    [Required]
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary>True, False or Unknown.</summary>
    [Required, Enum("True", "False", "Unknown")]
    public string Status { get; init => field = value ?? "Unknown"; } = "Unknown";

    /// <summary>The generation of the object that this condition speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>When <see cref="Status"/> changed last.</summary>
    public DateTimeOffset LastTransitionTime { get; init; }

    /// <summary>CamelCase reason, for programs.</summary>
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary>A sentence for people.</summary>
    public string Message { get; init => field = value ?? ""; } = "";
}

/// <summary>A query over labels (meta/v1 LabelSelector). Empty selects everything.</summary>
public sealed record LabelSelector
{
    /// <summary>Labels that must have exactly these values.</summary>
    [Bounds(max: 32, MaxItemLength = 63)]
    public IReadOnlyDictionary<string, string> MatchLabels { get; init => field = value ?? Empty.Map; } = Empty.Map;

    /// <summary>Further requirements; all must hold.</summary>
    [Bounds(max: 32)]
    public IReadOnlyList<LabelSelectorRequirement> MatchExpressions { get; init => field = value ?? []; } = [];

    /// <summary>Whether <paramref name="labels"/> satisfy every requirement.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in MatchLabels)
        {
            if (!labels.TryGetValue(key, out var have) || have != value) return false;
        }

        foreach (var requirement in MatchExpressions)
        {
            if (!requirement.Matches(labels)) return false;
        }

        return true;
    }
}

/// <summary>One requirement of a <see cref="LabelSelector"/>.</summary>
public sealed record LabelSelectorRequirement
{
    /// <summary>The label's key.</summary>
    [Required, Bounds(1, 317)]
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>In, NotIn, Exists or DoesNotExist.</summary>
    [Required, Enum("In", "NotIn", "Exists", "DoesNotExist")]
    public string Operator { get; init => field = value ?? ""; } = "";

    /// <summary>Values for In and NotIn.</summary>
    [Bounds(max: 64, MaxItemLength = 63)]
    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];

    /// <summary>Whether the labels satisfy it. An operator that is not known never matches: a selector must not widen by a misspelling.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var has = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            "In" => has && Values.Contains(value!),
            "NotIn" => !has || !Values.Contains(value!),
            "Exists" => has,
            "DoesNotExist" => !has,
            _ => false,
        };
    }
}

internal static class Empty
{
    public static readonly IReadOnlyDictionary<string, string> Map = System.Collections.Frozen.FrozenDictionary<string, string>.Empty;
}
