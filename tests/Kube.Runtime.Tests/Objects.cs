using System.Globalization;
using k8s.Models;
using Kube.Client;

namespace Kube.Runtime.Tests;

/// <summary>Small objects to cache. A namespace stands for any kind; its label <c>v</c> for its content.</summary>
internal static class Objects
{
    public static V1Namespace Ns(string name, int version, string? uid = null, string? label = null) => new()
    {
        Metadata = new()
        {
            Name = name,
            Uid = uid ?? $"uid-{name}",
            ResourceVersion = version.ToString(CultureInfo.InvariantCulture),
            Labels = label is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["v"] = label },
        },
    };

    public static V1Namespace Deleting(this V1Namespace ns) => ns with { Metadata = ns.Metadata with { DeletedAt = DateTimeOffset.UnixEpoch } };

    public static KubeList<V1Namespace> ListAt(int version, params V1Namespace[] items) => new()
    {
        Metadata = new() { ResourceVersion = version.ToString(CultureInfo.InvariantCulture) },
        Items = items,
    };

    public static ObjectKey Key(string name) => new("", name);
}
