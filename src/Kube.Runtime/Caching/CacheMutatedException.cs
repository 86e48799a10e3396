namespace Kube.Runtime;

/// <summary>Code changed an object in a cache in place. This is a bug in this program, and the cache can no longer be trusted.</summary>
public sealed class CacheMutatedException : Exception
{
    internal CacheMutatedException(string kind, ObjectKey key, IReadOnlyList<string> paths)
        : base(
            $"an object in the cache of {kind} was changed in place: {key}, at {string.Join(", ", paths)}. Objects of a cache are shared: copy every level "
            + "that you change, including the metadata and its maps.")
    {
    }
}
