using TestKit;

namespace Integration.Guard;

/// <summary>One way to make access outlive a grant, as a person with kubectl would try it.</summary>
/// <param name="Word">The word of allowPersistence; <c>own</c> for what no policy allows.</param>
/// <param name="Command">Arguments of kubectl.</param>
/// <param name="Input">What it reads.</param>
/// <param name="Residue">What of it stands in status.residue.</param>
internal sealed record PersistenceAttempt(string Word, string Command, string? Input, string Residue)
{
    public Task<CommandResult> TryAsync(TestCluster cluster, string kubeconfig) =>
        TooSlow.AgainAsync(() => cluster.ControlPlane.KubectlAsync(kubeconfig, Command.Split(' '), Input));
}
