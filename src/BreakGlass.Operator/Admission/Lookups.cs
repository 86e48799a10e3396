namespace BreakGlass.Operator.Admission;

internal static class Lookups
{
    /// <summary>One of our objects by a name that anybody may have written; null where there is none, or can be none of that name.</summary>
    public static async Task<T?> FindAsync<T>(this KubeClient client, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        name.Length is > 0 and <= 253 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            && char.IsAsciiLetterOrDigit(name[0])
            ? await client.TryGetAsync<T>(name, null, cancellationToken)
            : null;
}
