using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Kube.Client;

/// <summary>What the package's models do not give: members that are never null, times with their zone, and the key of an object.</summary>
[SuppressMessage("Naming", "CA1708", Justification = "The blocks of extension members have no names.")]
public static class ModelMembers
{
    private static readonly FrozenDictionary<string, string> NoTexts = FrozenDictionary<string, string>.Empty;

    extension(IKubernetesObject<V1ObjectMeta> o)
    {
        /// <summary>Namespace and name; both empty if an object has no metadata.</summary>
        public ObjectKey Key => new(o.Metadata?.NamespaceProperty ?? "", o.Metadata?.Name ?? "");

        /// <summary>The kind. Objects that come from the API server say it; those that are made here need not.</summary>
        public string KindName => o.Kind ?? KubeKinds.ResourceOf(o.GetType())?.Kind ?? "";

        /// <summary>Group and version, in the same way.</summary>
        public string ApiVersionName => o.ApiVersion ?? KubeKinds.ResourceOf(o.GetType())?.ApiVersion ?? "";

        /// <summary>The labels; empty if there are none, where the package gives null.</summary>
        public IReadOnlyDictionary<string, string> LabelsOrEmpty => o.Metadata?.Labels.OrEmpty() ?? NoTexts;

        /// <summary>The annotations; empty if there are none.</summary>
        public IReadOnlyDictionary<string, string> AnnotationsOrEmpty => o.Metadata?.Annotations.OrEmpty() ?? NoTexts;

        /// <summary>The finalizers; empty if there are none.</summary>
        public IReadOnlyList<string> FinalizersOrEmpty => o.Metadata?.Finalizers.OrEmpty() ?? [];

        /// <summary>The owners; empty if there are none.</summary>
        public IReadOnlyList<V1OwnerReference> OwnersOrEmpty => o.Metadata?.OwnerReferences.OrEmpty() ?? [];
    }

    extension(V1PolicyRule rule)
    {
        /// <summary>The verbs; empty if there are none.</summary>
        public IReadOnlyList<string> VerbsOrEmpty => rule.Verbs.OrEmpty();

        /// <summary>The API groups; empty if there are none.</summary>
        public IReadOnlyList<string> GroupsOrEmpty => rule.ApiGroups.OrEmpty();

        /// <summary>The resources; empty if there are none.</summary>
        public IReadOnlyList<string> ResourcesOrEmpty => rule.Resources.OrEmpty();

        /// <summary>The names that the rule is limited to; empty means every name.</summary>
        public IReadOnlyList<string> NamesOrEmpty => rule.ResourceNames.OrEmpty();

        /// <summary>The paths outside the resource API; empty if there are none.</summary>
        public IReadOnlyList<string> UrlsOrEmpty => rule.NonResourceURLs.OrEmpty();
    }

    extension(V1Role role)
    {
        /// <summary>The rules; empty if there are none.</summary>
        public IReadOnlyList<V1PolicyRule> RulesOrEmpty => role.Rules.OrEmpty();
    }

    extension(V1ClusterRole role)
    {
        /// <summary>The rules; empty if there are none; of an aggregated role, as the controller manager has filled them in.</summary>
        public IReadOnlyList<V1PolicyRule> RulesOrEmpty => role.Rules.OrEmpty();
    }

    extension(V1RoleBinding binding)
    {
        /// <summary>The subjects; empty if there are none.</summary>
        public IReadOnlyList<Rbacv1Subject> SubjectsOrEmpty => binding.Subjects.OrEmpty();
    }

    extension(V1ClusterRoleBinding binding)
    {
        /// <summary>The subjects; empty if there are none.</summary>
        public IReadOnlyList<Rbacv1Subject> SubjectsOrEmpty => binding.Subjects.OrEmpty();
    }

    extension(V1ObjectMeta metadata)
    {
        /// <summary>
        /// When the server first stored the object, by the server's clock, in whole seconds. A time without a zone is in UTC, as in the whole API.
        /// </summary>
        public DateTimeOffset? CreatedAt
        {
            get => metadata.CreationTimestamp.AsUtc();
            set => metadata.CreationTimestamp = value?.UtcDateTime;
        }

        /// <summary>Set once deletion was asked for; the object goes when its finalizers are gone.</summary>
        public DateTimeOffset? DeletedAt
        {
            get => metadata.DeletionTimestamp.AsUtc();
            set => metadata.DeletionTimestamp = value?.UtcDateTime;
        }
    }

    /// <summary>The list itself, or an empty one instead of null.</summary>
    public static IReadOnlyList<T> OrEmpty<T>(this IList<T>? list) => list switch
    {
        null => [],
        IReadOnlyList<T> same => same,
        _ => [.. list],
    };

    /// <summary>The map itself, or an empty one instead of null.</summary>
    public static IReadOnlyDictionary<string, T> OrEmpty<T>(this IDictionary<string, T>? map) => map switch
    {
        null => FrozenDictionary<string, T>.Empty,
        IReadOnlyDictionary<string, T> same => same,
        _ => new Dictionary<string, T>(map),
    };

    /// <summary>The time with its zone. .NET takes a <see cref="DateTime"/> of no kind for one of the local zone; the API has only UTC.</summary>
    public static DateTimeOffset? AsUtc(this DateTime? time) => time is { } some
        ? new(some.Kind is DateTimeKind.Local ? some.ToUniversalTime() : DateTime.SpecifyKind(some, DateTimeKind.Utc))
        : null;
}
