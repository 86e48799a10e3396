namespace BreakGlass.Cli;

/// <summary>What all commands of one run share.</summary>
/// <param name="Host">The world around it.</param>
/// <param name="ChildWords">The words after <c>--</c>.</param>
internal sealed record Invocation(CliHost Host, IReadOnlyList<string> ChildWords)
{
    private ConnectionFlags? _flags;

    /// <summary>The flags that every command takes.</summary>
    public GlobalFlags Flags { get; } = new();

    public ConnectedCluster Connect(ParseResult parse) => Host.Connect(TakenBack(parse));

    /// <summary>How the person comes to the cluster; to be asked after <see cref="Connect"/>.</summary>
    public CallerKubeconfig Own(ParseResult parse) => CallerKubeconfig.Of(Host, TakenBack(parse));

    /// <summary>Taken back once: after that KUBECONFIG is the person's own, and says no more by which context of it they came.</summary>
    private ConnectionFlags TakenBack(ParseResult parse) => _flags ??= CallerKubeconfig.TakeBack(Host, Flags.Read(parse));
}
