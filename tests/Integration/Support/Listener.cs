using System.Globalization;
using System.Net;
using TestKit;

namespace Integration;

/// <summary>A receiver of notifications that takes everything.</summary>
internal sealed class Listener : IDisposable
{
    private readonly HttpListener _http = new();
    private readonly List<string> _bodies = [];
    private readonly Task _listening;

    private Listener()
    {
        Url = new Uri($"http://127.0.0.1:{Ports.Free().ToString(CultureInfo.InvariantCulture)}/hook/");
        _http.Prefixes.Add(Url.ToString());
        _http.Start();
        _listening = ListenAsync();
    }

    public Uri Url { get; }

    public static Listener Start() => new();

    public IReadOnlyList<string> Bodies
    {
        get { lock (_bodies) return [.. _bodies]; }
    }

    public void Dispose()
    {
        _http.Close();
        _ = _listening.IsCompleted;
    }

    private async Task ListenAsync()
    {
        try
        {
            for (;;) await TakeAsync(await _http.GetContextAsync());
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task TakeAsync(HttpListenerContext context)
    {
        try
        {
            using var reader = new StreamReader(context.Request.InputStream);
            var body = await reader.ReadToEndAsync();
            lock (_bodies) _bodies.Add(body);
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The sender gave this one up and sends it again; the next one is heard all the same.
        }
    }
}
