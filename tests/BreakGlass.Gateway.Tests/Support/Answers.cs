using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using TestKit;

namespace BreakGlass.Gateway.Tests;

/// <summary>Reading answers.</summary>
internal static class Answers
{
    /// <summary>The message of a Status, which must have a code.</summary>
    public static async Task<string> StatusAsync(this HttpResponseMessage response, HttpStatusCode code)
    {
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(code, text);
        var status = JsonNode.Parse(text)!;
        ((string?)status["kind"]).Should().Be("Status");
        ((string?)status["apiVersion"]).Should().Be("v1");
        ((int?)status["code"]).Should().Be((int)code);
        return (string)status["message"]!;
    }

    /// <summary>Sends requests until one gets 401, and gives the sentence.</summary>
    public static async Task<string> UntilRefusedAsync(this HttpClient client, string path = "/api")
    {
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(path, limit.Token);
                if (answer.StatusCode == HttpStatusCode.Unauthorized) return await answer.StatusAsync(HttpStatusCode.Unauthorized);
            }
            catch (HttpRequestException)
            {
                // The connection was closed under the request.
            }
        }
    }

    /// <summary>Sends a request again and again until it is answered with a code.</summary>
    public static Task UntilAnsweredAsync(this HttpClient client, HttpStatusCode code, Func<HttpRequestMessage> request, string what) =>
        GatewayWorld.UntilAsync(async () =>
        {
            using var message = request();
            try
            {
                using var answer = await client.SendAsync(message);
                return answer.StatusCode == code;
            }
            catch (HttpRequestException)
            {
                return false; // The connection was closed under the request.
            }
        }, what);

    /// <summary>Sends bytes as they are and reads what comes until the other side closes.</summary>
    public static async Task<string> ExchangeAsync(this Stream stream, string text)
    {
        var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(text));
            await stream.FlushAsync();
            await stream.CopyToAsync(answer).Soon("the end of the answer");
        }
        catch (IOException)
        {
            // Broken off by the gateway.
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }
}
