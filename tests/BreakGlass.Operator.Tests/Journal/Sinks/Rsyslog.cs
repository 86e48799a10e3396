using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using TestKit;

namespace BreakGlass.Operator.Tests.Journal.Sinks;

/// <summary>A real rsyslog with TLS on a port of this machine. It writes each message as a line: its header fields and the message, between tabs.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class Rsyslog : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _output;

    private Rsyslog(Process process, string output) => (_process, _output) = (process, output);

    /// <summary>
    /// Takes a port that nobody else gets, before rsyslog starts and while it runs. Until it starts, connections are refused; it can listen there because both
    /// ask to share the port, and only one listens.
    /// </summary>
    public static Socket ReservePort()
    {
        var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return reserved;
    }

    /// <summary>Which port it is.</summary>
    public static int PortOf(Socket reserved) => ((IPEndPoint)reserved.LocalEndPoint!).Port;

    /// <param name="pki">The authority of the server's and of clients' certificates.</param>
    /// <param name="port">The port.</param>
    /// <param name="wantsCertificate">Whether clients need a certificate.</param>
    public static Rsyslog Start(TestPki pki, int port, bool wantsCertificate)
    {
        var (certificate, key) = pki.Issue("127.0.0.1");
        var output = Path.Combine(pki.Directory, "messages");
        var configuration = Path.Combine(pki.Directory, "rsyslog.conf");
        File.WriteAllText(configuration, string.Create(CultureInfo.InvariantCulture, $$"""
            global(workDirectory="{{pki.Directory}}" maxMessageSize="128k" DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{{pki.CaFile}}"
                DefaultNetstreamDriverCertFile="{{certificate}}" DefaultNetstreamDriverKeyFile="{{key}}")
            module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="{{(wantsCertificate ? "x509/certvalid" : "anon")}}")
            template(name="line" type="string"
                string="%pri%\t%protocol-version%\t%timestamp:::date-rfc3339%\t%hostname%\t%app-name%\t%msgid%\t%structured-data%\t%msg%\n")
            input(type="imtcp" address="127.0.0.1" port="{{port}}")
            action(type="omfile" file="{{output}}" template="line")

            """));
        var start = new ProcessStartInfo(RsyslogFactAttribute.Program!, ["-n", "-f", configuration, "-i", Path.Combine(pki.Directory, "pid")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new(process, output);
    }

    /// <summary>Stops it, which writes what it has, and gives all messages.</summary>
    public async Task<IReadOnlyList<string[]>> StopAsync()
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", [_process.Id.ToString(CultureInfo.InvariantCulture)]);
            await _process.WaitForExitAsync().Soon("the end of rsyslogd");
        }

        return File.Exists(_output) ? [.. (await File.ReadAllLinesAsync(_output)).Select(line => line.Split('\t', 8))] : [];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }
}
