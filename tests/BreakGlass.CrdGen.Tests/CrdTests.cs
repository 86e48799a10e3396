using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using FluentAssertions;
using Kube.Client;
using TestKit;
using Xunit;

namespace BreakGlass.CrdGen.Tests;

public sealed class CrdTests
{
    [Fact]
    public void A_kind_becomes_a_definition() => Golden.Check(YamlWriter.Write(Crd.Of(Things.Kind, Things.Docs)), "things.example.dev.yaml");

    [Fact]
    public void The_same_types_give_the_same_text() =>
        YamlWriter.Write(Crd.Of(Things.Kind, Things.Docs)).Should().Be(YamlWriter.Write(Crd.Of(Things.Kind, Things.Docs)));

    [Fact]
    public void What_is_the_servers_default_is_not_written()
    {
        var text = YamlWriter.Write(Crd.Of(Things.Kind, Things.Docs));
        text.Should().NotContain("nullable: false").And.NotContain(": []").And.NotContain("preserveUnknownFields");
    }

    [Fact]
    public void A_type_that_contains_itself_is_refused() => Schema<Loop>().Should().Throw<NotSupportedException>().WithMessage("Loop contains itself*");

    [Fact]
    public void A_type_that_no_schema_can_be_told_from_is_refused_by_name() =>
        Schema<Untellable>().Should().Throw<NotSupportedException>().WithMessage("*System.Object*");

    [Fact]
    public void A_kind_that_says_nothing_of_its_registration_is_refused()
    {
        var kind = () => new CustomKind(typeof(Part), new ResourceType("example.dev", "v1", "Part", "parts", Namespaced: true));
        kind.Should().Throw<InvalidOperationException>().WithMessage("Part has no [CustomResource]*");
    }

    [Fact]
    public void A_kind_whose_attribute_says_another_place_than_its_registration_is_refused()
    {
        var registered = KubeKinds.Of<BreakGlassGrant>().Resource;
        var other = () => CustomKind.Agreed(typeof(BreakGlassGrant), registered with { Version = "v1" });
        var none = () => CustomKind.Agreed(typeof(Part), registered);

        CustomKind.Agreed(typeof(BreakGlassGrant), registered).Should().Be(registered);
        other.Should().Throw<InvalidOperationException>().WithMessage(
            "*BreakGlassGrant says breakglassgrants.breakglass.dev, breakglass.dev/v1alpha1; it is registered*v1.");
        none.Should().Throw<InvalidOperationException>().WithMessage("Part has no [KubernetesEntity].");
    }

    [Fact]
    public void Null_for_an_enum_is_refused_since_no_server_takes_it() =>
        Schema<NullOrColour>().Should().Throw<NotSupportedException>().WithMessage("NullOrColour.Colour: *");

    private static Func<JsonObject> Schema<T>() => () => new SchemaBuilder(Things.Docs).Of(new Field("field", typeof(Holder<T>).GetProperty("Value")!));

    private sealed record Holder<T>
    {
        public T? Value { get; init; }
    }
}
