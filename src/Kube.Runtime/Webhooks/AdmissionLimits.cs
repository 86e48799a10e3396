namespace Kube.Runtime;

/// <summary>What one webhook spends on requests. Each has limits of its own, so that a flood of requests to one does not affect the others.</summary>
public sealed record AdmissionLimits
{
    /// <summary>
    /// The largest new object. A change may be twice as large, so that an object that was admitted can be changed, and ended, once it has grown by its status
    /// and by what the API server adds. A stored object may be of any size: it comes with every request to change or delete it.
    /// </summary>
    public int MaxObjectBytes { get; init; } = AdmissionEndpoint.MaxBodyBytes;

    /// <summary>
    /// The most JSON tokens of a body, twice as many if it is about an existing object: a short text can hold very many values, each of which takes memory.
    /// </summary>
    public int MaxTokens { get; init; } = int.MaxValue;

    /// <summary>Users to whom <see cref="MaxObjectBytes"/> and <see cref="MaxTokens"/> do not apply, because they clean up what is too large.</summary>
    public Func<string, bool> IsExempt { get; init; } = static _ => false;

    /// <summary>The memory for requests being read and decided; null for no bound.</summary>
    public MemoryBudget? Budget { get; init; }

    /// <summary>What a request takes of the budget for each byte of its body: the text, the parsed objects, and the copies made to change it.</summary>
    public int CostPerByte { get; init; } = 32;

    /// <summary>
    /// The only fields of a review that are read, by path, e.g. <c>request.object.type</c>; null for all. If it is set, nothing else is ever in memory, so
    /// that bodies of any size and number wait for no room and hold up no others on the connection.
    /// </summary>
    public IReadOnlyList<string>? Fields { get; init; }

    /// <summary>How many requests may use a processor at the same time. Waiting for the API server does not count.</summary>
    public int Processors { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);
}
