using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;
using static Kube.Runtime.Tests.Objects;

namespace Kube.Runtime.Tests.Caching;

public sealed class MutationDetectorTests
{
    private readonly Store<V1Namespace> _store = new();

    [Fact]
    public void It_is_on_in_tests() => MutationDetection.IsOn.Should().BeTrue();

    [Theory]
    [InlineData("Upsert")]
    [InlineData("Remove")]
    [InlineData("Replace")]
    [InlineData("Learn")]
    [InlineData("LearnDeleted")]
    [InlineData("Check")]
    public void An_object_that_was_changed_in_the_cache_is_found_when_it_is_replaced_or_removed_and_at_the_end(string how)
    {
        _store.Upsert(Ns("a", 1, label: "one"));
        _store.Get(Key("a"))!.Metadata.Labels["v"] = "two";

        var next = () =>
        {
            switch (how)
            {
                case "Upsert": _store.Upsert(Ns("a", 2)); break;
                case "Remove": _store.Remove(Ns("a", 2)); break;
                case "Replace": _store.Replace(ListAt(3)); break;
                case "Learn": _store.Learn(Ns("a", 2)); break;
                case "LearnDeleted": _store.LearnDeleted(Key("a"), "uid-a"); break;
                default: _store.CheckUnchanged(); break;
            }
        };

        next.Should().Throw<CacheMutatedException>().WithMessage("*namespaces*: a, at .metadata.labels.v.*");
    }

    [Fact]
    public void It_says_where_and_never_what()
    {
        _store.Upsert(Ns("a", 1, label: "eyJ-before"));
        var held = _store.Get(Key("a"))!;
        held.Metadata.Labels["v"] = "eyJ-after";
        held.Metadata.Finalizers = ["eyJ-new"];
        held.Status = new() { Phase = "eyJ-phase" };

        var check = () => _store.CheckUnchanged();

        check.Should().Throw<CacheMutatedException>().Where(e => !e.ToString().Contains("eyJ", StringComparison.Ordinal))
            .WithMessage("*.metadata.labels.v*").WithMessage("*.metadata.finalizers*").WithMessage("*.status*");
    }

    [Fact]
    public void Copies_and_objects_that_left_the_cache_may_be_changed()
    {
        _store.Upsert(Ns("a", 1));
        _store.Upsert(Ns("b", 2));
        var copy = _store.Get(Key("a"))! with { Metadata = _store.Get(Key("a"))!.Metadata with { Finalizers = ["x"] } };
        var old = _store.Get(Key("b"))!;
        _store.Upsert(Ns("b", 3));
        old.Metadata.Finalizers = copy.Metadata.Finalizers;
        _store.Remove(Ns("b", 4));

        _store.CheckUnchanged();
    }

    [Fact]
    public void Nothing_is_looked_at_when_it_is_off()
    {
        try
        {
            MutationDetection.IsOn = false;
            var store = new Store<V1Namespace>();
            store.Upsert(Ns("a", 1));
            store.Get(Key("a"))!.Metadata.Labels["v"] = "two";

            store.Upsert(Ns("a", 2));
            store.CheckUnchanged();
        }
        finally
        {
            MutationDetection.IsOn = true;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_informer_fails_instead_of_listing_again(bool untilItStops)
    {
        var server = new ScriptedSource();
        using var stop = new CancellationTokenSource();
        var informer = new Informer<V1Namespace>(_ => server.Source, new(), new FakeClock(), NullLogger.Instance, () => 0.5);
        var run = informer.RunAsync(stop.Token);
        (await server.NextList()).Return(7, Ns("a", 1));
        var watch = await server.NextWatch();
        informer.Store.Get(Key("a"))!.Metadata.Labels["v"] = "changed";

        if (untilItStops) await stop.CancelAsync();
        else watch.Modified(Ns("a", 8));
        var end = async () => await run.Soon("the informer to fail");

        await end.Should().ThrowAsync<CacheMutatedException>();
    }
}
