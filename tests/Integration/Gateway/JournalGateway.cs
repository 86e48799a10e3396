using BreakGlass.Core.Journal;

namespace Integration.Gateway;

/// <summary>The gateway, with an operator that writes a journal and receives no audit events.</summary>
public class JournalGateway : GatewayCluster
{
    internal SigningKey Key { get; } = SigningKey.Of("breakglass.example.com/test", new byte[32]);

    /// <summary>The folder of the journal.</summary>
    internal string Folder => Path.Combine(Cluster.ControlPlane.Directory, "journal");

    internal ReadOnlyMemory<byte>? Read(string file) => Path.Combine(Folder, file) is var path && File.Exists(path) ? File.ReadAllBytes(path) : null;

    private protected override async Task<string[]> OptionsAsync(TestCluster cluster)
    {
        var folder = Path.Combine(cluster.ControlPlane.Directory, "journal");
        await File.WriteAllTextAsync(folder + ".key", Key.ToSecretText());
        return [$"--journal-directory={folder}", $"--journal-key={folder}.key"];
    }
}
