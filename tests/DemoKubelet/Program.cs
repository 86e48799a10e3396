using System.Runtime.InteropServices;
using TestKit.Kubelet;

// The node of hack/demo.sh: demo-kubelet DIRECTORY NAMESPACE POD CONTAINER. It runs one pod on this machine until it gets SIGTERM, and leaves nothing behind.
if (args is not [var directory, var ns, var pod, var container])
{
    await Console.Error.WriteLineAsync("usage: demo-kubelet DIRECTORY NAMESPACE POD CONTAINER, where DIRECTORY is that of control-plane.sh run");
    return 2;
}

var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stopped.TrySetResult();
}

using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
await using var kubelet = await TestKubelet.StartAsync(directory, servesV5: true);
await kubelet.RunPodAsync(ns, pod, new ContainerSpec(container));
await stopped.Task;
return 0;
