namespace TestKit.Storage;

/// <summary>A request to a <see cref="FakeBucket"/>.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path with the bucket and the key.</param>
/// <param name="Query">The query.</param>
/// <param name="Headers">The headers; their names in any case.</param>
public sealed record BucketRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers);
