using System.Globalization;
using System.Net;
using TestKit;

namespace Soak.Site;

/// <summary>
/// One replica of the operator, kept alive as a kubelet does: started again when it ended, and when /healthz said no three times in a row. Its memory and its
/// metrics are looked at all the time.
/// </summary>
internal sealed class Replica : IAsyncDisposable
{
    private static readonly HttpClient s_http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(3) };

    private readonly IReadOnlyList<string> _command;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly History _history;
    private readonly double _limit;
    private readonly List<Life> _lives = [];
    private readonly SemaphoreSlim _change = new(1);
    private bool _heldDown;
    private int _unhealthy;

    public Replica(string name, Wire wire, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, double limit, History history)
    {
        (Name, Wire, HttpPort, WebhookPort, _environment, _limit, _history) = (name, wire, Ports.Free(), Ports.Free(), environment, limit, history);
        _command = [.. command, $"--http-address=127.0.0.1:{Text(HttpPort)}", $"--webhook-address=127.0.0.1:{Text(WebhookPort)}"];
    }

    public string Name { get; }

    public Wire Wire { get; }

    public int HttpPort { get; }

    public int WebhookPort { get; }

    /// <summary>All its processes so far.</summary>
    public IReadOnlyList<Life> Lives
    {
        get
        {
            lock (_lives) return [.. _lives];
        }
    }

    public Life Current => Lives[^1];

    /// <summary>As /readyz last said.</summary>
    public bool Ready { get; private set; }

    /// <summary>As its metrics last said.</summary>
    public bool Leads { get; private set; }

    /// <summary>The most resident memory there was, in MiB: all of it, and its own.</summary>
    public (double All, double Own) MostMemory { get; private set; }

    /// <summary>How often it ended without having been killed, and was started again.</summary>
    public int Restarts { get; private set; }

    public async Task StartAsync()
    {
        await _change.WaitAsync();
        try
        {
            if (_lives.Count > 0 && !Current.Ended) return;
            var life = await Life.StartAsync(_command, _environment, Path.Combine(_history.Directory, $"{Name}.log"));
            lock (_lives) _lives.Add(life);
            _heldDown = false;
            _unhealthy = 0;
        }
        finally
        {
            _change.Release();
        }
    }

    /// <summary>SIGKILL, and nobody starts it again until <see cref="StartAsync"/>.</summary>
    public async Task KillAsync()
    {
        // What it has counted goes with it.
        await ScrapeAsync(Current, CancellationToken.None);
        (_heldDown, Leads, Ready) = (true, false, false);
        await Current.KillAsync();
    }

    /// <summary>Looks after it until the run ends.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        var inARow = 0;
        for (var round = 0; !cancellationToken.IsCancellationRequested; round++)
        {
            await Clock.PauseAsync(1, cancellationToken);
            if (Current is { Ended: true } ended)
            {
                (Ready, Leads) = (false, false);
                if (_heldDown) continue;
                Restarts++;

                // A kubelet waits longer each time; here, where faults follow one another, up to ten seconds.
                inARow = Clock.Now - ended.Started < TimeSpan.FromSeconds(30) ? inARow + 1 : 0;
                _history.Say($"{Name} ended by itself with exit code {ended.ExitCode} and is started again", aloud: true);
                await Clock.PauseAsync(Math.Min(inARow * 2, 10), cancellationToken);
                if (!_heldDown) await StartAsync();
                continue;
            }

            Weigh();
            var life = Current;
            Ready = await SaysAsync("/readyz", cancellationToken) is HttpStatusCode.OK;
            if (round % 2 == 0) await ScrapeAsync(life, cancellationToken);
            if (round % 10 == 0) await ProbeHealthAsync(life, cancellationToken);
        }
    }

    /// <summary>Takes down its counters now.</summary>
    public async Task ScrapeAsync(Life life, CancellationToken cancellationToken)
    {
        try
        {
            var asked = Clock.Now;
            var text = await s_http.GetStringAsync(new Uri($"http://127.0.0.1:{Text(HttpPort)}/metrics"), cancellationToken);
            foreach (var line in text.Split('\n').Where(l => l.Length > 0 && l[0] != '#'))
            {
                var at = line.LastIndexOf(' ');
                if (double.TryParse(line.AsSpan(at + 1), CultureInfo.InvariantCulture, out var value)) life.Count(line[..at], value);
            }

            life.Scraped = asked;
            Leads = text.Split('\n').Any(
                l => l.StartsWith("leader_election_master_status{", StringComparison.Ordinal) && l.EndsWith(" 1", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It is starting, or gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var life in Lives) life.Dispose();
        await Wire.DisposeAsync();
        _change.Dispose();
    }

    private void Weigh()
    {
        var (all, own) = Current.Memory();
        MostMemory = (Math.Max(all, MostMemory.All), Math.Max(own, MostMemory.Own));
        if (all > _limit) _history.Violation("memory", $"{Name} takes {all:0} MiB where its limit is {_limit:0} MiB");
    }

    private async Task ProbeHealthAsync(Life life, CancellationToken cancellationToken)
    {
        // The kubelet's first probe comes after the chart's startup probe; a start on a busy machine takes its time.
        var well = await SaysAsync("/healthz", cancellationToken) is HttpStatusCode.OK || Clock.Now - life.Started < TimeSpan.FromSeconds(30);
        _unhealthy = well ? 0 : _unhealthy + 1;
        if (_unhealthy < 3) return;
        _history.Say($"{Name} is not healthy and is ended, as a kubelet would", aloud: true);
        await life.KillAsync();
    }

    private async Task<HttpStatusCode?> SaysAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await s_http.GetAsync(new Uri($"http://127.0.0.1:{Text(HttpPort)}{path}"), cancellationToken);
            return answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
