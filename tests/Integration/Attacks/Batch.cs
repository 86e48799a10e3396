using System.Globalization;
using k8s.Models;
using Xunit.Abstractions;

namespace Integration.Attacks;

/// <summary>
/// Plays the rows of one table side by side: the first that is asked for starts all of them, so that those that wait for something share the time. Each
/// is reported by itself.
/// </summary>
public class Batch : IDisposable
{
    private const int AtOnce = 5;

    private readonly SemaphoreSlim _places = new(AtOnce);
    private readonly Lock _lock = new();
    private Task<Dictionary<string, Task<TimeSpan>>>? _started;

    /// <summary>What is done between the deeds of all rows and the look at what came of them; null where rows do not wait for each other.</summary>
    internal Func<AttackedCluster, Task>? Between { get; set; }

    /// <summary>What is done before all rows' deeds, once each row is prepared.</summary>
    internal Func<AttackedCluster, Task>? Before { get; set; }

    /// <summary>Plays one row, and with it, where it is the first, all others.</summary>
    internal async Task PlayAsync(AttackedCluster stage, IReadOnlyList<Row> rows, string name, ITestOutputHelper output)
    {
        lock (_lock) _started ??= StartAsync(stage, rows);
        var row = rows.Single(r => r.Name == name);
        output.WriteLine($"{row.Who} | {row.Does} | {row.Expected}");
        var took = await (await _started)[name];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{took.TotalSeconds:0.0} s"));
    }

    /// <summary>Waits until nothing of it is under way, however it came out.</summary>
    internal async Task StillAsync()
    {
        Task<Dictionary<string, Task<TimeSpan>>>? started;
        lock (_lock) started = _started;
        if (started is null) return;
        await ((Task)started).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (started.IsCompletedSuccessfully) await ((Task)Task.WhenAll((await started).Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _places.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task<Dictionary<string, Task<TimeSpan>>> StartAsync(AttackedCluster stage, IReadOnlyList<Row> rows)
    {
        var run = Guid.NewGuid().ToString("N")[..4];
        var scenes = rows.Select((row, i) => (Row: row, Scene: new Scene(stage, string.Create(CultureInfo.InvariantCulture, $"{run}{i}")))).ToList();
        await Parallel.ForEachAsync(scenes, async (s, ct) => await stage.Cluster.Admin.CreateAsync(
            new V1Namespace { Metadata = new() { Name = s.Scene.Namespace, Labels = new Dictionary<string, string> { ["scene"] = s.Scene.Id } } }, ct));
        if (Between is null) return scenes.ToDictionary(s => s.Row.Name, s => PlayAsync(s.Row, s.Scene));

        await Task.WhenAll(scenes.Where(s => s.Row.Prepare is not null).Select(s => PlacedAsync(async () =>
        {
            await s.Row.Prepare!(s.Scene);
            return true;
        })));
        await Before!(stage);
        var acted = scenes.Select(s => (s.Row, s.Scene, Answer: PlacedAsync(() => s.Row.Act(s.Scene)))).ToList();
        await ((Task)Task.WhenAll(acted.Select(a => a.Answer))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Between(stage);
        return acted.ToDictionary(a => a.Row.Name, async a => await PlacedAsync(() => CheckAsync(a.Row, a.Scene, a.Answer)));
    }

    private Task<TimeSpan> PlayAsync(Row row, Scene scene) => PlacedAsync(() => CheckAsync(row, scene, row.Act(scene)));

    private static async Task<TimeSpan> CheckAsync(Row row, Scene scene, Task<ApiAnswer> answer)
    {
        var began = TimeProvider.System.GetTimestamp();
        await row.Expected.CheckAsync(scene, await answer);
        await scene.ShutAsync();
        return TimeProvider.System.GetElapsedTime(began);
    }

    private async Task<T> PlacedAsync<T>(Func<Task<T>> play)
    {
        await _places.WaitAsync();
        try
        {
            return await play();
        }
        finally
        {
            _places.Release();
        }
    }
}
