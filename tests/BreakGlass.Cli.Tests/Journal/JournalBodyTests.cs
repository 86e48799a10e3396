using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Journal;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using TestKit;
using Xunit;

namespace BreakGlass.Cli.Tests.Journal;

/// <summary>A server that begins to send a file of the journal and does not end it.</summary>
public sealed class JournalBodyTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task A_file_that_never_came_to_its_end_held_up_an_interruption()
    {
        using var certificate = SelfSigned();
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        await using var server = builder.Build();
        server.Run(async context =>
        {
            // More than what the sockets hold: when it is sent, the plugin reads.
            context.Response.ContentLength = EntryBundle.LargestBundle;
            await context.Response.Body.WriteAsync(new byte[EntryBundle.LargestBundle - 1], context.RequestAborted);
            sent.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
        await server.StartAsync();
        var at = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        var key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

        using var interrupt = new CancellationTokenSource();
        var run = _plugin.RunAsync(interrupt.Token, "journal", "verify", $"https://localhost:{at.Port}/journal", "--key", key.Verifier.ToString(),
            "--ca", _plugin.File("ca.crt", certificate.ExportCertificatePem()));
        await Task.WhenAny(sent.Task, run).Soon("the file but for its last byte");
        run.IsCompleted.Should().BeFalse(_plugin.Error);
        await interrupt.CancelAsync();
        (await run).Should().Be(130, _plugin.Error);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }
}
