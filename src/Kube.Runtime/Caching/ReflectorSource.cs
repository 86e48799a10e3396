namespace Kube.Runtime;

/// <summary>The two calls that a reflector makes.</summary>
/// <param name="List">The whole collection, not older than a version; <c>""</c> for the newest, <c>"0"</c> for any.</param>
/// <param name="Watch">The changes after a version, for at most so long.</param>
internal sealed record ReflectorSource<T>(
    Func<string, CancellationToken, Task<KubeList<T>>> List,
    Func<string, TimeSpan, CancellationToken, IAsyncEnumerable<WatchEvent<T>>> Watch);
