namespace Kube.Client;

/// <summary>
/// The environment's proxy with the part of <c>NO_PROXY</c> that .NET passes over: ranges of addresses such as <c>10.0.0.0/8</c>. kubectl and every
/// operator in Go honour them, and in a pod the API server is an address in just such a range.
/// </summary>
internal sealed class EnvironmentProxy(IWebProxy inner, IReadOnlyList<IPNetwork> direct) : IWebProxy
{
    public ICredentials? Credentials
    {
        get => inner.Credentials;
        set => inner.Credentials = value;
    }

    /// <summary>Of this process.</summary>
    public static IWebProxy Real() =>
        Of(HttpClient.DefaultProxy, Environment.GetEnvironmentVariable("no_proxy") ?? Environment.GetEnvironmentVariable("NO_PROXY"));

    /// <summary>A proxy, passed by for the ranges of a <c>NO_PROXY</c>; as it is where there are none in it.</summary>
    public static IWebProxy Of(IWebProxy inner, string? noProxy)
    {
        var direct = new List<IPNetwork>();
        foreach (var entry in (noProxy ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            if (entry.Contains('/', StringComparison.Ordinal) && IPNetwork.TryParse(entry, out var range)) direct.Add(range);
        }

        return direct.Count == 0 ? inner : new EnvironmentProxy(inner, direct);
    }

    public Uri? GetProxy(Uri destination) => IsDirect(destination) ? null : inner.GetProxy(destination);

    public bool IsBypassed(Uri host) => IsDirect(host) || inner.IsBypassed(host);

    private bool IsDirect(Uri uri) => IPAddress.TryParse(uri.IdnHost, out var address) && direct.Any(range => range.Contains(address));
}
