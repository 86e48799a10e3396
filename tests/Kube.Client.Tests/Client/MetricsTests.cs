using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

public class MetricsTests
{
    [Fact]
    public async Task Every_request_is_counted_under_the_names_that_dashboards_know()
    {
        var counted = new ConcurrentQueue<(string Name, string Tags)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "Kube.Client") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>(
            (i, _, tags, _) => counted.Enqueue((i.Name, string.Join(',', tags.ToArray().Select(t => $"{t.Key}={t.Value}")))));
        listener.Start();

        using var handler = new StubHandler(s => s.Method switch
        {
            "GET" => throw new HttpRequestException(HttpRequestError.SecureConnectionError, "no TLS"),
            "PUT" => StubHandler.Status(418, "Teapot"),
            _ => StubHandler.Json(StubHandler.NamespaceJson("x"), System.Net.HttpStatusCode.Created),
        });
        using var client = handler.NewClient();
        await client.CreateAsync(StubHandler.NewNamespace("x"), default);
        await client.Invoking(c => c.ReplaceAsync(StubHandler.NewNamespace("x"), default)).Should().ThrowAsync<KubeApiException>();
        await client.Invoking(c => c.GetAsync<V1Namespace>("x", null, default)).Should().ThrowAsync<KubeConnectionException>();

        // Other tests count in the same process meanwhile.
        counted.Should().Contain(("rest_client_requests_total", "code=418,method=PUT"))
            .And.Contain(("rest_client_requests_total", "code=201,method=POST"))
            .And.Contain(("rest_client_requests_total", "code=<error>,method=GET"));
    }
}
