namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>One thing that a test breaks while a drill runs: what it does, what is expected, and how it is undone.</summary>
internal interface IChaosVariant
{
    /// <summary>The name on the command line.</summary>
    string Name { get; }

    /// <summary>What it does to the cluster, for people.</summary>
    string Does { get; }

    /// <summary>What is expected, one sentence each.</summary>
    IReadOnlyList<string> Expects { get; }

    /// <summary>How to undo it, for people.</summary>
    string Undo { get; }

    /// <summary>The rights that it needs beside those for an ordinary run.</summary>
    /// <param name="drill">The drill that is run.</param>
    IReadOnlyList<V1ResourceAttributes> Needs(BreakGlassDrill drill);

    /// <summary>Carries it out.</summary>
    /// <returns>What came, in the order of <see cref="Expects"/>.</returns>
    Task<IReadOnlyList<ChaosOutcome>> RunAsync(ChaosTools tools, CancellationToken cancellationToken);
}
