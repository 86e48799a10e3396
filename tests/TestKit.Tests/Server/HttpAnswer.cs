using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace TestKit.Tests.Server;

internal sealed record HttpAnswer(int Code, JsonObject Body, string Text, HttpResponseHeaders Headers)
{
    public string Reason => Body["reason"]?.GetValue<string>() ?? "";

    public string Message => Body["message"]?.GetValue<string>() ?? "";

    public JsonObject Meta => Body["metadata"]!.AsObject();

    public string Version => Meta["resourceVersion"]!.GetValue<string>();

    public string Uid => Meta["uid"]!.GetValue<string>();

    public string[] Names => [.. Body["items"]!.AsArray().Select(i => i!["metadata"]!["name"]!.GetValue<string>())];

    public string? Cause => Body["details"]?["causes"]?[0]?["reason"]?.GetValue<string>();
}
