namespace Kube.Runtime;

/// <summary>
/// Order of resource versions of one kind (KEP-5504: decimal integers that grow; measured on 1.20 as well). A version that
/// is not an integer has no order: 0 stands for it, and what the caller does last wins.
/// </summary>
internal static class Versions
{
    public static ulong Parse(string? version) =>
        ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    public static ulong Of(IKubernetesObject<V1ObjectMeta> obj) => Parse(obj.Metadata.ResourceVersion);

    /// <summary>Whether <paramref name="a"/> is known to be older than <paramref name="b"/>.</summary>
    public static bool IsOlder(ulong a, ulong b) => a != 0 && b != 0 && a < b;
}
