using k8s;
using k8s.Models;
using Kube.Model;

namespace Kube.Client;

/// <summary>What the package's models do not give: members that are never null, and the key of an object.</summary>
public static class ModelMembers
{
    private static readonly IDictionary<string, string> NoTexts = System.Collections.Frozen.FrozenDictionary<string, string>.Empty;

    extension(IKubernetesObject<V1ObjectMeta> o)
    {
        /// <summary>Namespace and name; both empty where an object has no metadata.</summary>
        public ObjectKey Key => new(o.Metadata?.NamespaceProperty ?? "", o.Metadata?.Name ?? "");

        /// <summary>The labels, which are null where there are none.</summary>
        public IDictionary<string, string> LabelsOrEmpty => o.Metadata?.Labels ?? NoTexts;

        /// <summary>The annotations, which are null where there are none.</summary>
        public IDictionary<string, string> AnnotationsOrEmpty => o.Metadata?.Annotations ?? NoTexts;
    }
}
