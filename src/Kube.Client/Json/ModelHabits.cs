namespace Kube.Client;

/// <summary>What the package's models do not say of the wire, as changes of their JSON contracts.</summary>
internal static class ModelHabits
{
    /// <summary>
    /// The MicroTimes among the models' times. The package writes them without a fraction on a whole second, and API servers answer that with 400.
    /// </summary>
    private static readonly HashSet<(Type, string)> MicroTimes =
    [
        (typeof(V1LeaseSpec), "acquireTime"),
        (typeof(V1LeaseSpec), "renewTime"),
        (typeof(Eventsv1Event), "eventTime"),
        (typeof(Eventsv1EventSeries), "lastObservedTime"),
    ];

    /// <summary>
    /// The order of members if it is not the package's, which is that of the alphabet: people know this one from kubectl, and golden files hold it.
    /// </summary>
    private static readonly Dictionary<Type, string[]> Orders = new()
    {
        [typeof(V1ObjectMeta)] =
        [
            "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "labels", "annotations",
            "ownerReferences", "finalizers",
        ],
        [typeof(V1OwnerReference)] = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"],
        [typeof(V1PolicyRule)] = ["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"],
        [typeof(Rbacv1Subject)] = ["kind", "apiGroup", "name", "namespace"],
        [typeof(V1Secret)] = ["apiVersion", "kind", "metadata", "type", "immutable", "data"],
        [typeof(V1ConfigMap)] = ["apiVersion", "kind", "metadata", "immutable", "data", "binaryData"],
    };

    /// <summary>
    /// The strings that an object cannot do without. The package says null if a broken or hostile client leaves one out; the code that looks at it finds it
    /// empty.
    /// </summary>
    private static readonly HashSet<(Type, string)> RequiredStrings =
    [
        (typeof(V1ObjectMeta), "name"),
        (typeof(V1OwnerReference), "apiVersion"),
        (typeof(V1OwnerReference), "kind"),
        (typeof(V1OwnerReference), "name"),
        (typeof(V1OwnerReference), "uid"),
        (typeof(Rbacv1Subject), "kind"),
        (typeof(Rbacv1Subject), "name"),
        (typeof(V1RoleRef), "kind"),
        (typeof(V1RoleRef), "name"),
    ];

    /// <summary>
    /// Leaves out <c>managedFields</c>, which are most of a small object's weight and which nothing here reads; writes MicroTimes as such; lets an object say
    /// what it is (the items of a list come without, and code that makes an object need not repeat it); and gives what is read the metadata, role reference
    /// and names that it cannot do without.
    /// </summary>
    public static void Apply(JsonTypeInfo type)
    {
        for (var i = type.Properties.Count - 1; i >= 0; i--)
        {
            var property = type.Properties[i];
            if (property.PropertyType == typeof(IList<V1ManagedFieldsEntry>)) type.Properties.RemoveAt(i);
            else if (!MicroTimes.Contains((type.Type, property.Name))) continue;
            else if (property.PropertyType == typeof(DateTime)) property.CustomConverter = MicroTimeConverter.Instance;
            else property.CustomConverter = new MicroTimeOrNullConverter();
        }

        if (KubeModels.Resources.TryGetValue(type.Type, out var resource)) DefaultApiVersionAndKind(type, resource);
        if (Orders.TryGetValue(type.Type, out var order)) Reorder(type, order);
        if (type.Type == typeof(V1RoleRef)) DefaultRoleRefGroup(type);
        if (type.Type.Namespace == typeof(V1ObjectMeta).Namespace) DefaultRequiredMembers(type);
        if (type.Type == typeof(V1TokenReviewSpec)) type.CreateObject = () => new TokenReviewQuestion();
        if (type.Type == typeof(V1TokenRequestStatus)) type.CreateObject = () => new TokenRequestAnswer();
    }

    private static void DefaultApiVersionAndKind(JsonTypeInfo type, ResourceType resource)
    {
        foreach (var property in type.Properties)
        {
            // In the order that people know. The package's own is that of the alphabet.
            property.Order = property.Name switch { "apiVersion" => 0, "kind" => 1, "metadata" => 2, _ => 3 };
            if (property.Name is "apiVersion") Default(property, resource.ApiVersion);
            else if (property.Name is "kind") Default(property, resource.Kind);
        }

        var create = type.CreateObject;
        if (create is null) return;
        type.CreateObject = () =>
        {
            var o = (IKubernetesObject)create();
            (o.ApiVersion, o.Kind) = (resource.ApiVersion, resource.Kind);
            return o;
        };
    }

    private static void Reorder(JsonTypeInfo type, string[] order)
    {
        foreach (var property in type.Properties) property.Order = Array.IndexOf(order, property.Name) is >= 0 and var place ? place : order.Length;
    }

    private static void Default(JsonPropertyInfo property, string value)
    {
        var get = property.Get!;
        property.Get = o => get(o) ?? value;
    }

    /// <summary>
    /// The API server fills in the group of a role reference, and there is only one; an object that is made here compares as equal to what comes back.
    /// </summary>
    private static void DefaultRoleRefGroup(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.Name is "apiGroup") Default(property, V1Role.KubeGroup);
        }

        type.CreateObject = () => new V1RoleRef { ApiGroup = V1Role.KubeGroup };
    }

    /// <summary>
    /// An object without metadata or a name, which only a broken or hostile client sends, reads as one with empty ones. A collection that is missing stays
    /// null: <see cref="ModelMembers"/>. Kinds that are not the package's see to it in their setters.
    /// </summary>
    private static void DefaultRequiredMembers(JsonTypeInfo type)
    {
        if (type.CreateObject is not { } create) return;
        var required = new List<(Action<object, object?> Set, Func<object> Make)>();
        foreach (var property in type.Properties)
        {
            if (property.Set is not { } set || DefaultOf(type.Type, property) is not { } make) continue;
            property.Set = (o, value) => set(o, value ?? make());
            required.Add((set, make));
        }

        if (required.Count == 0) return;
        type.CreateObject = () =>
        {
            var o = create();
            foreach (var (set, make) in required) set(o, make());
            return o;
        };
    }

    private static Func<object>? DefaultOf(Type type, JsonPropertyInfo property)
    {
        if (RequiredStrings.Contains((type, property.Name))) return static () => "";
        if (property.PropertyType == typeof(V1RoleRef)) return static () => new V1RoleRef { ApiGroup = V1Role.KubeGroup, Kind = "", Name = "" };
        if (property.PropertyType == typeof(V1ObjectMeta)) return static () => new V1ObjectMeta { Name = "" };
        return null;
    }
}
