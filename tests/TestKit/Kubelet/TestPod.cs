using System.Collections.Concurrent;

namespace TestKit.Kubelet;

/// <summary>A pod that the test kubelet runs.</summary>
public sealed class TestPod
{
    private readonly ConcurrentDictionary<int, int> _ports = new();
    private readonly ConcurrentDictionary<string, TestContainer> _containers = new(StringComparer.Ordinal);

    internal TestPod(string @namespace, string name, string uid) => (Namespace, Name, Uid) = (@namespace, name, uid);

    /// <summary>The pod's namespace.</summary>
    public string Namespace { get; }

    /// <summary>The pod's name.</summary>
    public string Name { get; }

    /// <summary>The pod's UID.</summary>
    public string Uid { get; }

    /// <summary>Its containers, with those that <c>kubectl debug</c> added.</summary>
    public IEnumerable<TestContainer> Containers => _containers.Values;

    /// <summary>When it started.</summary>
    internal DateTimeOffset StartedAt { get; } = TimeProvider.System.GetUtcNow();

    /// <summary>A container.</summary>
    /// <exception cref="KeyNotFoundException">The pod has no such container.</exception>
    public TestContainer this[string container] => _containers[container];

    /// <summary>Has a port of the pod lead to a port of this machine. A port that leads nowhere refuses connections.</summary>
    public void MapPort(int port, int localPort) => _ports[port] = localPort;

    internal TestContainer? Find(string container) => _containers.GetValueOrDefault(container);

    internal int? LocalPort(int port) => _ports.TryGetValue(port, out var local) ? local : null;

    internal void Add(TestContainer container) => _containers[container.Spec.Name] = container;
}
