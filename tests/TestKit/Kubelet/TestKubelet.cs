using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TestKit.Kubelet;

/// <summary>
/// A kubelet for tests, with a node and pods in a real API server. It speaks the streaming protocols of a kubelet, so that exec, attach, port-forward, cp,
/// logs and debug work with real clients through a real API server. Containers are processes of this machine in a directory of their own: they share its
/// files, users and network, and are for trusted commands only. Everything that it started ends with it.
/// </summary>
public sealed class TestKubelet : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly KubeletApi _api;
    private readonly KubeletCertificates _certificates;
    private readonly ConcurrentDictionary<string, TestPod> _pods = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<KubeletSession> _sessions = new();
    private readonly Signal _changed = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _ending = new();
    private readonly string _root = Directory.CreateTempSubdirectory("breakglass-kubelet-").FullName;
    private KubeletServer? _server;
    private Task _watching = Task.CompletedTask;

    private TestKubelet(string directory)
    {
        _certificates = new(directory, NodeName);
        _api = new(directory, _certificates);
    }

    /// <summary>The name of the node.</summary>
    public string NodeName { get; } = $"node-{Guid.NewGuid():N}"[..13];

    /// <summary>The port of 127.0.0.1 on which it serves.</summary>
    public int Port => _server!.Port;

    /// <summary>All sessions in their order, also those that have ended.</summary>
    public IReadOnlyList<KubeletSession> Sessions => [.. _sessions];

    /// <summary>The sessions that are open.</summary>
    public IReadOnlyList<KubeletSession> OpenSessions => [.. _sessions.Where(s => s.IsOpen)];

    /// <summary>Starts a kubelet and creates its node.</summary>
    public static Task<TestKubelet> StartAsync(ControlPlane controlPlane, CancellationToken cancellationToken = default) =>
        StartAsync(controlPlane.Directory, servesV5: false, cancellationToken);

    /// <summary>Starts a kubelet for a control plane that another process started, and creates its node.</summary>
    /// <param name="directory">The directory of <c>hack/control-plane.sh run</c>.</param>
    /// <param name="servesV5">
    /// Whether it serves exec and attach over the WebSocket protocol v5, which kubectl uses. API servers before 1.30 do not translate it, and pass it on.
    /// </param>
    public static async Task<TestKubelet> StartAsync(string directory, bool servesV5, CancellationToken cancellationToken = default)
    {
        var kubelet = new TestKubelet(directory);
        try
        {
            kubelet._server = await KubeletServer.StartAsync(
                kubelet._certificates, kubelet.Find, kubelet.Add, kubelet._changed, servesV5, cancellationToken);
            await kubelet._api.CreateAsync("/api/v1/nodes", PodObjects.Node(kubelet.NodeName, kubelet.Port), cancellationToken);
            kubelet._watching = kubelet.WatchAsync();
            return kubelet;
        }
        catch
        {
            await kubelet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a pod on the node, and its namespace if there is none, and starts its containers.</summary>
    /// <returns>The pod, which is Running and Ready.</returns>
    public async Task<TestPod> RunPodAsync(string @namespace, string name, params IReadOnlyList<ContainerSpec> containers)
    {
        var end = _ending.Token;
        await _api.CreateAsync("/api/v1/namespaces", Named("Namespace", @namespace), end);

        // A pod needs the ServiceAccount `default`, which a controller creates too, but later.
        await _api.CreateAsync($"/api/v1/namespaces/{@namespace}/serviceaccounts", Named("ServiceAccount", "default"), end);
        var created = await _api.CreateAsync(
            $"/api/v1/namespaces/{@namespace}/pods", PodObjects.Pod(@namespace, name, NodeName, containers), end)
            ?? throw new InvalidOperationException($"pod {@namespace}/{name} exists already");
        var pod = new TestPod(@namespace, name, created["metadata"]!["uid"]!.GetValue<string>());
        foreach (var container in containers) await StartAsync(pod, container, isEphemeral: false);
        _pods[Key(@namespace, name)] = pod;
        await SayStatusAsync(pod);
        return pod;
    }

    /// <summary>Waits for a session that is open and fits.</summary>
    public async Task<KubeletSession> SessionAsync(Func<KubeletSession, bool> fits, string what)
    {
        KubeletSession? found = null;
        await _changed.Until(
            () => (found = _sessions.FirstOrDefault(s => s.IsOpen && fits(s))) is not null, what, () => $"the sessions are: {string.Join("; ", _sessions)}");
        return found!;
    }

    /// <summary>Waits until no session is open.</summary>
    public Task NoOpenSessionsAsync(TimeSpan? within = null) => _changed.Until(
        () => OpenSessions.Count == 0, "the end of all sessions with the kubelet", () => $"open are: {string.Join("; ", OpenSessions)}", within);

    /// <summary>Kills all processes, closes all connections, and removes the node and its pods.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _watching;
        if (_server is not null) await _server.DisposeAsync();
        foreach (var pod in _pods.Values)
        {
            await StopAsync(pod);
            await TryAsync(() => _api.DeleteAsync(Path(pod), CancellationToken.None));
        }

        await TryAsync(() => _api.DeleteAsync($"/api/v1/nodes/{NodeName}", CancellationToken.None));
        _api.Dispose();
        _certificates.Dispose();
        _writing.Dispose();
        _ending.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private void Add(KubeletSession session)
    {
        _sessions.Enqueue(session);
        _changed.Raise();
    }

    private TestPod? Find(string @namespace, string name) => _pods.GetValueOrDefault(Key(@namespace, name));

    private async Task StartAsync(TestPod pod, ContainerSpec spec, bool isEphemeral)
    {
        var container = new TestContainer(spec, System.IO.Path.Combine(_root, pod.Uid, spec.Name), pod.Name, isEphemeral);
        pod.Add(container);
        await container.StartAsync(() => TryAsync(() => SayStatusAsync(pod)));
    }

    private static async Task StopAsync(TestPod pod)
    {
        foreach (var container in pod.Containers) await container.StopAsync();
    }

    /// <summary>Writes the status as it is now. One write after the other, so that the last one has the last state.</summary>
    private async Task SayStatusAsync(TestPod pod)
    {
        await _writing.WaitAsync(_ending.Token);
        try
        {
            await _api.PatchAsync($"{Path(pod)}/status", PodObjects.Status(pod), _ending.Token);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Follows the pods of the node: ephemeral containers are started, and pods that are deleted are stopped.</summary>
    private async Task WatchAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            await TryAsync(async () =>
            {
                var path = $"/api/v1/pods?fieldSelector=spec.nodeName%3D{NodeName}";
                var list = await _api.GetAsync(path, _ending.Token);
                foreach (var pod in list["items"]!.AsArray()) await OnPodAsync(pod!, isGone: false);
                var version = list["metadata"]!["resourceVersion"]!.GetValue<string>();
                await foreach (var change in _api.WatchAsync($"{path}&watch=true&resourceVersion={version}", _ending.Token))
                {
                    var type = change["type"]!.GetValue<string>();
                    if (type == "ERROR") return; // for example a version that is too old: list again
                    await OnPodAsync(change["object"]!, isGone: type == "DELETED");
                }
            });
            await TryAsync(() => Task.Delay(s_pause, TimeProvider.System, _ending.Token));
        }
    }

    private async Task OnPodAsync(JsonNode seen, bool isGone)
    {
        var metadata = seen["metadata"]!;
        var key = Key(metadata["namespace"]!.GetValue<string>(), metadata["name"]!.GetValue<string>());
        if (!_pods.TryGetValue(key, out var pod) || pod.Uid != metadata["uid"]!.GetValue<string>()) return;
        if (isGone || metadata["deletionTimestamp"] is not null)
        {
            _pods.TryRemove(key, out _);
            await StopAsync(pod);
            if (!isGone) await _api.DeleteAsync(Path(pod), _ending.Token);
            return;
        }

        var ephemeral = seen["spec"]!["ephemeralContainers"]?.AsArray() ?? [];
        var added = ephemeral.Select(c => PodObjects.Ephemeral(c!)).Where(c => pod.Find(c.Name) is null).ToList();
        foreach (var container in added) await StartAsync(pod, container, isEphemeral: true);
        if (added.Count > 0) await SayStatusAsync(pod);
    }

    /// <summary>The API server may be down or the kubelet may end: neither is the test's failure.</summary>
    private static async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or OperationCanceledException or InvalidOperationException)
        {
        }
    }

    private static JsonObject Named(string kind, string name) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name },
    };

    private static string Key(string @namespace, string name) => $"{@namespace}/{name}";

    private static string Path(TestPod pod) => $"/api/v1/namespaces/{pod.Namespace}/pods/{pod.Name}";
}
