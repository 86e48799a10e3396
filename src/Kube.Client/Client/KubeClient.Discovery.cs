using System.Globalization;

namespace Kube.Client;

public sealed partial class KubeClient
{
    /// <summary>The server's version.</summary>
    public async Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken)
    {
        var request = new Request("get", HttpMethod.Get, UrlBuilder.At(_root, "version").Build());
        var info = await SendAsync(request, static (r, ct) => ReadJsonAsync(r, ClientJson.Default.VersionInfo, ct), cancellationToken);
        return new ServerVersion(Number(info.Major), Number(info.Minor), info.GitVersion ?? "");
    }

    /// <summary>Providers write <c>20+</c>.</summary>
    private static int Number(string? text)
    {
        var digits = (text ?? "").AsSpan();
        var end = 0;
        while (end < digits.Length && char.IsAsciiDigit(digits[end])) end++;
        return int.TryParse(digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
