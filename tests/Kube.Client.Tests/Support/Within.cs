using Xunit.Sdk;

namespace Kube.Client.Tests;

/// <summary>Real-time safety nets: a test that waits for something which never comes fails and says what it waited for.</summary>
internal static class Within
{
    /// <summary>How long a wait may last in real time.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>For clients of real servers on a busy machine: the handshake and a whole call may take as long as any wait here.</summary>
    public static KubeClientOptions Patience { get; } = new() { ConnectTimeout = Limit, RequestTimeout = Limit };

    public static async Task<T> SafetyAsync<T>(Task<T> task, string expected)
    {
        await SafetyAsync((Task)task, expected);
        return await task;
    }

    public static async Task SafetyAsync(Task task, string expected)
    {
        try
        {
            await task.WaitAsync(Limit, TimeProvider.System);
        }
        catch (TimeoutException e) when (!task.IsCompleted)
        {
            throw new XunitException($"waited {Limit.TotalSeconds} s in vain: {expected}", e);
        }
    }

    public static async Task<List<T>> ListAsync<T>(IAsyncEnumerable<T> source, string expected)
    {
        var items = new List<T>();
        async Task ReadAsync()
        {
            await foreach (var item in source) items.Add(item);
        }

        await SafetyAsync(ReadAsync(), expected);
        return items;
    }
}
