using System.Globalization;
using System.Net;

namespace Kube.Client;

/// <summary>
/// The environment's proxy with the part of <c>NO_PROXY</c> that .NET passes over: ranges of addresses such as <c>10.0.0.0/8</c>. kubectl and every
/// operator in Go honour them, and in a pod the API server is an address in just such a range.
/// </summary>
internal sealed class EnvironmentProxy(IWebProxy inner, string? noProxy) : IWebProxy
{
    private readonly (byte[] Network, int Bits)[] _direct =
        [.. (noProxy ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Range).OfType<(byte[], int)>()];

    /// <summary>Of this process.</summary>
    public static IWebProxy Real() =>
        new EnvironmentProxy(HttpClient.DefaultProxy, Environment.GetEnvironmentVariable("no_proxy") ?? Environment.GetEnvironmentVariable("NO_PROXY"));

    /// <inheritdoc/>
    public ICredentials? Credentials
    {
        get => inner.Credentials;
        set => inner.Credentials = value;
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => IsDirect(destination) ? null : inner.GetProxy(destination);

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => IsDirect(host) || inner.IsBypassed(host);

    private bool IsDirect(Uri uri) =>
        IPAddress.TryParse(uri.IdnHost, out var address) && address.GetAddressBytes() is var bytes && Array.Exists(_direct, range => Holds(range, bytes));

    private static bool Holds((byte[] Network, int Bits) range, byte[] address)
    {
        if (range.Network.Length != address.Length) return false;
        for (var bit = 0; bit < range.Bits; bit++)
        {
            if (((range.Network[bit / 8] ^ address[bit / 8]) & (0x80 >> (bit % 8))) != 0) return false;
        }

        return true;
    }

    private static (byte[] Network, int Bits)? Range(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)) return null;
        var network = address.GetAddressBytes();
        return int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits <= network.Length * 8 ? (network, bits) : null;
    }
}
