using System.Text.Json.Nodes;

namespace TestKit.Kubelet;

/// <summary>The objects and statuses that the test kubelet writes.</summary>
internal static class PodObjects
{
    private const string Address = "127.0.0.1";

    /// <summary>A node that is ready, with the port of its kubelet.</summary>
    public static JsonObject Node(string name, int port) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "Node",
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["kubernetes.io/hostname"] = name, ["kubernetes.io/os"] = "linux" } },
        ["status"] = new JsonObject
        {
            ["addresses"] = new JsonArray(
                new JsonObject { ["type"] = "InternalIP", ["address"] = Address }, new JsonObject { ["type"] = "Hostname", ["address"] = name }),
            ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = port } },
            ["conditions"] = new JsonArray(Condition("Ready", TimeProvider.System.GetUtcNow())),
        },
    };

    /// <summary>A pod on that node. No scheduler is needed, and no token is mounted.</summary>
    public static JsonObject Pod(string @namespace, string name, string node, IEnumerable<ContainerSpec> containers) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "Pod",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = @namespace },
        ["spec"] = new JsonObject
        {
            ["nodeName"] = node, ["restartPolicy"] = "Never", ["automountServiceAccountToken"] = false, ["enableServiceLinks"] = false,
            ["tolerations"] = new JsonArray(new JsonObject { ["operator"] = "Exists" }),
            ["containers"] = new JsonArray([.. containers.Select(Container)]),
        },
    };

    /// <summary>The container that <c>kubectl debug</c> added to a pod; an image without a command of its own has a shell.</summary>
    public static ContainerSpec Ephemeral(JsonNode container)
    {
        IEnumerable<string> Words(string name) => container[name]?.AsArray().Select(w => w!.GetValue<string>()) ?? [];
        string[] command = [.. Words("command"), .. Words("args")];
        return new(container["name"]!.GetValue<string>())
        {
            Image = container["image"]!.GetValue<string>(),
            Command = command.Length > 0 ? command : ["sh"],
            Input = container["stdin"]?.GetValue<bool>() ?? false,
            Tty = container["tty"]?.GetValue<bool>() ?? false,
        };
    }

    /// <summary>What becomes of a pod: it runs until all its containers have ended.</summary>
    public static JsonObject Status(TestPod pod)
    {
        var own = pod.Containers.Where(c => !c.IsEphemeral).ToList();
        var runs = own.Any(c => c.ExitCode is null);
        var status = new JsonObject
        {
            ["phase"] = runs ? "Running" : own.All(c => c.ExitCode == 0) ? "Succeeded" : "Failed",
            ["hostIP"] = Address, ["podIP"] = Address, ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = Address }),
            ["startTime"] = KubeletApi.Time(pod.StartedAt),
            ["conditions"] = new JsonArray(
                [.. ((string[])["Initialized", "Ready", "ContainersReady", "PodScheduled"]).Select(t => Condition(t, pod.StartedAt, runs))]),
            ["containerStatuses"] = new JsonArray([.. own.Select(ContainerStatus)]),
        };
        if (pod.Containers.Where(c => c.IsEphemeral).Select(ContainerStatus).ToArray() is { Length: > 0 } ephemeral)
            status["ephemeralContainerStatuses"] = new JsonArray([.. ephemeral]);
        return new JsonObject { ["status"] = status };
    }

    private static JsonObject Container(ContainerSpec spec)
    {
        var container = new JsonObject { ["name"] = spec.Name, ["image"] = spec.Image, ["stdin"] = spec.Input, ["tty"] = spec.Tty };
        if (spec.Command is { } command) container["command"] = new JsonArray([.. command.Select(word => JsonValue.Create(word))]);
        return container;
    }

    private static JsonObject ContainerStatus(TestContainer container)
    {
        var code = container.ExitCode;
        var started = KubeletApi.Time(container.StartedAt);
        return new()
        {
            ["name"] = container.Spec.Name, ["image"] = container.Spec.Image, ["imageID"] = container.Spec.Image,
            ["containerID"] = $"test://{Path.GetFileName(container.Directory)}", ["restartCount"] = 0,
            ["ready"] = code is null && !container.IsEphemeral, ["started"] = code is null,
            ["state"] = code is null
                ? new JsonObject { ["running"] = new JsonObject { ["startedAt"] = started } }
                : new JsonObject
                {
                    ["terminated"] = new JsonObject
                    {
                        ["exitCode"] = code.Value, ["reason"] = code == 0 ? "Completed" : "Error", ["startedAt"] = started,
                        ["finishedAt"] = KubeletApi.Time(TimeProvider.System.GetUtcNow()),
                    },
                },
        };
    }

    private static JsonObject Condition(string type, DateTimeOffset since, bool holds = true) => new()
    {
        ["type"] = type, ["status"] = holds ? "True" : "False", ["lastTransitionTime"] = KubeletApi.Time(since),
        ["reason"] = "TestKubelet",
    };
}
