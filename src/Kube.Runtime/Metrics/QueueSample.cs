namespace Kube.Runtime;

/// <summary>What a queue is like at one moment.</summary>
internal sealed record QueueSample(string Name, IReadOnlyList<int> DepthByLane, double UnfinishedSeconds, double LongestSeconds)
{
    public static readonly string[] LaneNames = ["urgent", "normal", "background"];

    public IEnumerable<Measurement<int>> Depths() => DepthByLane.Select((depth, lane) => new Measurement<int>(
        depth, new("name", Name), new("controller", Name), new KeyValuePair<string, object?>("priority", LaneNames[lane])));

    public Measurement<double> Unfinished() => Of(UnfinishedSeconds);

    public Measurement<double> Longest() => Of(LongestSeconds);

    private Measurement<double> Of(double value) => new(value, new("name", Name), new KeyValuePair<string, object?>("controller", Name));
}
