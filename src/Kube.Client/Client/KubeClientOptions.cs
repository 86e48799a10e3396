namespace Kube.Client;

/// <summary>How a <see cref="KubeClient"/> behaves.</summary>
public sealed record KubeClientOptions
{
    /// <summary>Name of this program for the server's audit log.</summary>
    public string UserAgent { get; init; } = "kube-client-dotnet";

    /// <summary>Recorded in <c>managedFields</c> for creates, replaces and patches; null leaves it to the server (from the user agent).</summary>
    public string? FieldManager { get; init; }

    /// <summary>Whether writes are only rehearsed (<c>dryRun=All</c>): admission and validation judge them, and nothing is stored.</summary>
    public bool DryRun { get; init; }

    /// <summary>
    /// Asked before each write is sent, each further try included: false, and it fails with <see cref="ConnectionFailure.Withheld"/>. For a process that
    /// may write only as long as it leads. Null for always.
    /// </summary>
    public Func<bool>? MayWrite { get; init; }

    /// <summary>The deadline of one call, all its tries and waits included. Watches have their own. More than zero.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may take to open. More than zero.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a request that is forwarded for somebody else, and says <c>Expect: 100-continue</c>, waits for the server's word before its body is sent all
    /// the same. More than zero.
    /// </summary>
    public TimeSpan ContinueTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long after its own timeout a watch is ended from this side.</summary>
    public TimeSpan WatchGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request is sent at most; 1 never repeats.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>Wait before the second try where the server names none; doubles with each try, plus up to as much again at random.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Told about every object that could not be read and was left out of a list or watch.</summary>
    public Action<SkippedObject>? OnSkipped { get; init; }

    /// <summary>Told when a credential or authority file could not be read again; the last good content stays in use.</summary>
    public Action<Exception>? OnReloadFailed { get; init; }
}
