using System.Globalization;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using TestKit.Kubelet;

namespace Integration.Gateway;

/// <summary>What runs in the pods of these tests.</summary>
internal static class PodContent
{
    private const int Megabyte = 1_000_000;

    /// <summary>A container that repeats what attached clients type.</summary>
    public static ContainerSpec Echo { get; } = new("echo")
    {
        Command = ["sh", "-c", "while read -r line; do echo \"heard $line\"; done"], Input = true,
    };

    /// <summary>Serves port 80 of a pod: it answers with the number of bytes that it was sent.</summary>
    public static async Task<WebApplication> ServeAsync(TestPod pod)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var page = builder.Build();
        page.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.WriteAsync(body.Length.ToString(CultureInfo.InvariantCulture));
        });
        await page.StartAsync();
        pod.MapPort(80, new Uri(page.Urls.Single()).Port);
        return page;
    }

    /// <summary>Sends a megabyte over a forwarded port, and asserts that all of it arrives.</summary>
    public static async Task SendMegabyteAsync(int localPort)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var answer = await http.PostAsync($"http://127.0.0.1:{localPort}/", new ByteArrayContent(new byte[Megabyte]));
        (await answer.Content.ReadAsStringAsync()).Should().Be("1000000");
    }
}
