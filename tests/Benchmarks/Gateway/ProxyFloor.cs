using System.Globalization;
using TestKit;

namespace Benchmarks.Gateway;

/// <summary>
/// nginx between the same client and the API server: the same certificates, TLS on both sides, HTTP/2 to the client, and nothing else. It is what any proxy
/// costs on this machine.
/// </summary>
internal sealed class ProxyFloor : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly ChildProcess _child;
    private readonly string _directory;

    private ProxyFloor(ChildProcess child, string directory, Uri address) => (_child, _directory, Address) = (child, directory, address);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts it for the holder of a grant.</summary>
    /// <param name="holder">The holder, whose token it sends to the API server.</param>
    /// <param name="certificates">A directory with the gateway's <c>tls.crt</c>, <c>tls.key</c> and <c>ca.crt</c>.</param>
    /// <param name="directory">A directory for its own files, which it is to create.</param>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    public static async Task<ProxyFloor> StartAsync(GrantHolder holder, string certificates, string directory, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        var port = Ports.Free();
        await File.WriteAllTextAsync(Path.Combine(directory, "server.crt"), holder.ServerAuthorities, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(directory, "nginx.conf"), Configuration(holder, certificates, directory, port), cancellationToken);
        var floor = new ProxyFloor(
            ChildProcess.Start(new("nginx", ["-p", directory, "-e", "error.log", "-c", Path.Combine(directory, "nginx.conf")])), directory,
            new(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{port}")));
        try
        {
            await floor.AnswersAsync(holder, cancellationToken);
            return floor;
        }
        catch
        {
            await floor.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        Directory.Delete(_directory, recursive: true); // the token is in its configuration
    }

    private static string Configuration(GrantHolder holder, string certificates, string directory, int port) => $$"""
        daemon off;
        master_process off;
        pid {{directory}}/pid;
        events { worker_connections 1024; }
        http {
            access_log off;
            client_body_temp_path {{directory}}/body;
            proxy_temp_path {{directory}}/proxy;
            fastcgi_temp_path {{directory}}/fastcgi;
            uwsgi_temp_path {{directory}}/uwsgi;
            scgi_temp_path {{directory}}/scgi;
            keepalive_requests 1000000;
            upstream apiserver {
                server {{holder.Server.Authority}};
                keepalive 64;
                keepalive_requests 1000000;
            }
            server {
                listen 127.0.0.1:{{port.ToString(CultureInfo.InvariantCulture)}} ssl http2;
                ssl_certificate {{certificates}}/tls.crt;
                ssl_certificate_key {{certificates}}/tls.key;
                ssl_client_certificate {{certificates}}/ca.crt;
                ssl_verify_client on;
                location / {
                    proxy_pass https://apiserver;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_set_header Authorization "Bearer {{holder.Token}}";
                    proxy_ssl_trusted_certificate {{directory}}/server.crt;
                    proxy_ssl_verify on;
                    proxy_ssl_name kubernetes.default.svc; # nginx compares no IP addresses
                    proxy_buffering off;
                    proxy_buffer_size 64k;
                    proxy_buffers 8 64k;
                    proxy_busy_buffers_size 128k;
                }
            }
        }
        """;

    private async Task AnswersAsync(GrantHolder holder, CancellationToken cancellationToken)
    {
        using var http = holder.Through(Address);
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("/version", UriKind.Relative), cancellationToken);
                answer.EnsureSuccessStatusCode();
                return;
            }
            catch (HttpRequestException e) when (!_child.HasExited && TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                Progress.Say($"nginx does not answer yet: {e.Message}");
                await Task.Delay(Poll, TimeProvider.System, cancellationToken);
            }
        }
    }
}
