using BreakGlass.Core.Api;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>Where an object stands in the API.</summary>
internal readonly record struct ObjectPlace(string Kind, string Namespace, string Name)
{
    public static ObjectPlace Of(IKubernetesObject<V1ObjectMeta> o) => new(o.KindName, o.Metadata.NamespaceProperty ?? "", o.Metadata.Name);

    public static ObjectPlace Of(BindingRecord b) => new(b.Kind, b.Namespace ?? "", b.Name);
}
