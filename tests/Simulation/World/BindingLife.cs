using k8s;
using k8s.Models;

namespace Simulation;

/// <summary>A binding that gave access, from its making to its end.</summary>
internal sealed record BindingLife(string Key, string GrantUid, IKubernetesObject<V1ObjectMeta> Binding, DateTimeOffset From)
{
    public DateTimeOffset? To { get; init; }
}
