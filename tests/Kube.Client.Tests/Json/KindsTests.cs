using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests.Json;

/// <summary>One registry says where each kind lives and how it is written.</summary>
public sealed class KindsTests
{
    private static readonly ResourceType Somewhere = new("example.dev", "v1", "Somewhere", "somewheres", Namespaced: true);

    [Fact]
    public void A_kind_that_was_registered_is_found_by_type_and_by_object()
    {
        var kind = new KubeKind<V1Pod>(Somewhere, (JsonTypeInfo<V1Pod>)JsonSerializerOptions.Default.GetTypeInfo(typeof(V1Pod)));

        KubeKinds.Register(kind);
        KubeKinds.Register(kind with { });

        KubeKinds.Of<V1Pod>().Should().Be(kind);
        (new V1Pod().KindName, new V1Pod().ApiVersionName).Should().Be(("Somewhere", "example.dev/v1"));
    }

    [Fact]
    public void A_type_stands_for_one_kind_because_objects_may_have_been_written_as_that_one()
    {
        var model = KubeKinds.Of<V1Role>();
        var again = () => KubeKinds.Register(model with { Resource = Somewhere });

        again.Should().Throw<InvalidOperationException>().WithMessage("V1Role is known as roles.rbac.authorization.k8s.io already*");
        KubeKinds.Register(model with { });
        KubeKinds.Of<V1Role>().Should().Be(model);
    }

    [Fact]
    public void A_model_cannot_be_registered_as_another_kind_before_somebody_asked_for_it_either()
    {
        var again = () => KubeKinds.Register(new KubeKind<V1Endpoints>(Somewhere, KubeModels.Json<V1Endpoints>()));

        again.Should().Throw<InvalidOperationException>();
        KubeKinds.Of<V1Endpoints>().Resource.Plural.Should().Be("endpoints");
    }

    [Fact]
    public void A_model_lives_where_the_package_says()
    {
        foreach (var (type, resource) in KubeModels.Resources.Where(model => model.Key != typeof(SecretMetadata)))
        {
            var place = type.GetCustomAttribute<KubernetesEntityAttribute>(inherit: true)!;

            (resource.Group, resource.Version, resource.Kind).Should().Be((place.Group, place.ApiVersion, place.Kind));
            if (place.PluralName is { Length: > 0 } plural) resource.Plural.Should().Be(plural);
        }
    }
}
