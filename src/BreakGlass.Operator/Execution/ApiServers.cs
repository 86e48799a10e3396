namespace BreakGlass.Operator.Execution;

/// <summary>
/// The API servers of the cluster one by one, where there is more than one and each has an address of its own: authorizers and authenticators keep
/// answers, so that one server can still say yes when another says no. Read again at most once a minute.
/// </summary>
internal sealed class ApiServers(KubeClient client, TimeProvider time) : IDisposable
{
    /// <summary>How long one server has for one answer.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly Dictionary<Uri, KubeClient> _clients = [];
    private readonly HashSet<Uri> _silent = [];
    private Task<IReadOnlyList<Uri>>? _addresses;
    private long _readAt;

    /// <summary>A client for each, in no order; empty where there is one server, or a single address for all of them.</summary>
    public async Task<IReadOnlyList<KubeClient>> AllAsync(CancellationToken cancellationToken)
    {
        Task<IReadOnlyList<Uri>> addresses;
        lock (_lock)
        {
            if (_addresses is null || time.GetElapsedTime(_readAt) >= Period)
            {
                (_addresses, _readAt) = (ReadAsync(), time.GetTimestamp());
                _silent.Clear();
            }

            addresses = _addresses;
        }

        var all = await addresses.WaitAsync(cancellationToken);
        if (all.Count < 2) return [];
        lock (_lock) return [.. all.Select(ClientOf)];
    }

    /// <summary>Whether a server is not asked until the addresses are read again, because it could not be reached.</summary>
    public bool IsSilent(KubeClient server)
    {
        lock (_lock) return _silent.Contains(server.Server);
    }

    /// <summary>Notes that a server could not be reached: the next proof does not wait for it.</summary>
    public void NoteSilence(KubeClient server)
    {
        lock (_lock) _silent.Add(server.Server);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var one in _clients.Values) one.Dispose();
            _clients.Clear();
        }
    }

    private KubeClient ClientOf(Uri address)
    {
        if (!_clients.TryGetValue(address, out var one)) _clients[address] = one = client.At(address, CallTimeout);
        return one;
    }

    private async Task<IReadOnlyList<Uri>> ReadAsync()
    {
        try
        {
            var endpoints = await client.TryGetAsync<V1Endpoints>("kubernetes", "default", CancellationToken.None);
            return
            [
                .. (endpoints?.Subsets ?? []).Where(s => s is { Addresses: not null, Ports.Count: > 0 })
                    .SelectMany(s => s.Addresses.Select(a => Address(a.Ip, s.Ports[0].Port))).OfType<Uri>().Distinct(),
            ];
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            // The proof is then what the one address says that the operator connects to.
            return [];
        }
    }

    private static Uri? Address(string ip, int port) =>
        Uri.TryCreate($"https://{(ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip)}:{port.ToString(CultureInfo.InvariantCulture)}/",
            UriKind.Absolute, out var uri) ? uri : null;
}
