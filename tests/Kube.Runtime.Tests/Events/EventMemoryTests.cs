using FluentAssertions;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Events;

/// <summary>The heap is the whole process's: nothing else may run meanwhile.</summary>
[CollectionDefinition("events, alone", DisableParallelization = true)]
public class EventsAlone;

[Collection("events, alone")]
public sealed class EventMemoryTests
{
    [Fact]
    public void A_note_that_waits_waits_without_what_is_cut_off()
    {
        // Ten thousand may wait while the API server is slow, and anybody who may ask for a grant writes what they say.
        var clock = new FakeClock();
        var server = new FakeApiServer(clock);
        var recorder = new EventRecorder(
            new KubeClient(server.CreateHandler(), FakeApiServer.Address, clock, new() { MaxTries = 1 }),
            new() { Controller = "breakglass.dev/operator", Instance = "pod", QueueSize = 10_000 }, clock, NullLogger.Instance, () => 0);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 5000; i++) recorder.Record(Note(new('x', 100_000), $"team-{i}"));
        (GC.GetTotalMemory(forceFullCollection: true) - before).Should().BeLessThan(100_000_000);
        GC.KeepAlive(recorder);
    }

    private static EventNote Note(string text, string name) => new()
    {
        Reason = "Activated", Action = "Activate", Note = text, Regarding = new() { ApiVersion = "v1", Kind = "Namespace", Name = name },
    };
}
