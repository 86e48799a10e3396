using Xunit;

namespace Manifests.Image;

/// <summary>
/// The image of the commit that is checked out, built once for all tests. Where only a later step is worked on, <c>IMAGE_BUILT=1</c> takes the one
/// that is there.
/// </summary>
public sealed class BuiltImage : IAsyncLifetime
{
    /// <summary>Its name.</summary>
    public string Name => "localhost/breakglass-operator:first";

    private const string Sdk = "localhost/dotnet/sdk:10.0";
    private const string Base = "localhost/dotnet/runtime-deps:10.0-noble-chiseled";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("IMAGE_BUILT") == "1") return;
        await Container.ShAsync($"hack/image-bases.sh {Sdk} {Base}");
        await BuildAsync(Name);
    }

    /// <inheritdoc/>
    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Builds it under a name, from nothing but the sources and the machine's packages: what is built is locked by their hashes.</summary>
    public static Task BuildAsync(string name) => Container.ShAsync($"BUILDER=buildah hack/image.sh {name} --no-cache --volume \"$HOME/.nuget:/root/.nuget\"");
}
