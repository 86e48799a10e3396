namespace Kube.Client;

public sealed partial class KubeClient
{
    /// <summary>The server's version.</summary>
    public async Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken)
    {
        var info = await DiscoverAsync("version", ClientJson.Default.VersionInfo, cancellationToken);
        return new ServerVersion(Number(info.Major), Number(info.Minor), info.GitVersion ?? "");
    }

    /// <summary>
    /// Whether the server serves a kind of a named API group. It answers a request for a kind that it does not serve with a bare 404, as a proxy may
    /// do for any.
    /// </summary>
    public async Task<bool> ServesAsync(ResourceType resource, CancellationToken cancellationToken)
    {
        var groups = (await DiscoverAsync("apis", ClientJson.Default.ApiGroupList, cancellationToken)).Groups;
        if (groups is { Count: > 0 } && !groups.Any(g => g.Name == resource.Group)) return false;
        var kinds = (await DiscoverAsync($"apis/{resource.Group}/{resource.Version}", ClientJson.Default.ApiResourceList, cancellationToken)).Resources;
        return kinds is not { Count: > 0 } || kinds.Any(r => r.Name == resource.Plural);
    }

    private Task<T> DiscoverAsync<T>(string path, JsonTypeInfo<T> json, CancellationToken cancellationToken)
        where T : class =>
        SendAsync(new("get", HttpMethod.Get, new UrlBuilder(_root, path).Build()), (r, ct) => ReadJsonAsync(r, json, ct), cancellationToken);

    /// <summary>Providers write <c>20+</c>.</summary>
    private static int Number(string? text)
    {
        var digits = (text ?? "").AsSpan();
        var end = 0;
        while (end < digits.Length && char.IsAsciiDigit(digits[end])) end++;
        return int.TryParse(digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
