using BreakGlass.Core.Journal;

namespace Integration.Gateway;

/// <summary>A cluster with a gateway whose operator has a journal, so that streams can be recorded.</summary>
public sealed class RecordingCluster : GatewayCluster
{
    internal SigningKey Key { get; } = SigningKey.Of("breakglass.example.com/test", new byte[32]);

    /// <summary>The journal's directory.</summary>
    internal string Journal => Path.Combine(Cluster.ControlPlane.Directory, "journal");

    /// <summary>Reads the journal.</summary>
    internal ReadOnlyMemory<byte>? Read(string path)
    {
        var file = Path.Combine(Journal, path);
        return File.Exists(file) ? File.ReadAllBytes(file) : null;
    }

    /// <inheritdoc/>
    private protected override async Task<string[]> OptionsAsync(TestCluster cluster)
    {
        var directory = cluster.ControlPlane.Directory;
        await File.WriteAllTextAsync(Path.Combine(directory, "journal.key"), Key.ToSecretText());
        return [$"--journal-directory={Path.Combine(directory, "journal")}", $"--journal-key={Path.Combine(directory, "journal.key")}"];
    }
}
