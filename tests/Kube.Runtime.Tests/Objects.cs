using System.Globalization;
using Kube.Model;

namespace Kube.Runtime.Tests;

/// <summary>Small objects to cache. A namespace stands for any kind; its label <c>v</c> for its content.</summary>
internal static class Objects
{
    public static Namespace Ns(string name, int version, string? uid = null, string? label = null) => new()
    {
        Metadata = new()
        {
            Name = name,
            Uid = uid ?? $"uid-{name}",
            ResourceVersion = version.ToString(CultureInfo.InvariantCulture),
            Labels = label is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["v"] = label },
        },
    };

    public static Namespace Deleting(this Namespace ns) => ns with { Metadata = ns.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };

    public static KubeList<Namespace> ListAt(int version, params Namespace[] items) => new()
    {
        Metadata = new() { ResourceVersion = version.ToString(CultureInfo.InvariantCulture) },
        Items = items,
    };

    public static ObjectKey Key(string name) => new("", name);
}
