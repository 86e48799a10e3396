using Kube.Client;

namespace TestKit;

// The client of this project over the fake server.
public sealed partial class FakeApiServer
{
    /// <summary>A client of this server on its fake clock, over a transport of its own.</summary>
    /// <param name="user">Who it is; an administrator unless given.</param>
    /// <param name="client">Its name in log and faults.</param>
    /// <param name="options">How it behaves.</param>
    public KubeClient CreateClient(FakeUser? user = null, string? client = null, KubeClientOptions? options = null) =>
        CreateClient(CreateHandler(user, client), options);

    /// <summary>A client over a transport that the test keeps, to kill it.</summary>
    public KubeClient CreateClient(FakeApiHandler handler, KubeClientOptions? options = null) => new(handler, Address, Clock, options);
}
