using System.Security.Cryptography;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary>
/// Replaces the journal's key in the Secret that the operator's key file comes from. The operator itself has no right to do that. The caller needs get and
/// update of that one Secret.
/// </summary>
internal sealed class JournalKeyRotation(CliHost host, KubeClient client, string ns, string secret)
{
    /// <summary>The key of the Secret with the key file, as in the installation guide.</summary>
    private const string KeyFile = "journal.key";

    /// <summary>Creates a key of the same name, and puts it first. Prints its public key.</summary>
    /// <param name="hasLeaked">Whether the old key has leaked: then it signs nothing any more.</param>
    /// <param name="cancellationToken">Ends the read. The write is not given up halfway.</param>
    /// <exception cref="CliException">There is no such Secret, or no key in it, or another client wrote it at the same time.</exception>
    public async Task RunAsync(bool hasLeaked, CancellationToken cancellationToken)
    {
        var there = await client.TryGetAsync<V1Secret>(secret, ns, cancellationToken)
            ?? throw new CliException(
                ExitCodes.NotFound, $"Secret {ns}/{secret} does not exist. Name the Secret that the operator's --journal-key comes from.");
        var text = there.Data.OrEmpty().GetValueOrDefault(KeyFile) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
        if (!SigningKey.TryParse(text, out var old))
        {
            throw new CliException(ExitCodes.Error, $"Secret {ns}/{secret} has no key of a journal in '{KeyFile}'. Name the Secret that the operator's "
                + "--journal-key comes from, or replace the key yourself: docs/journal.md, 'Replacing the key'.");
        }

        var file = old.Succeeded(RandomNumberGenerator.GetBytes(SigningKey.SeedSize), hasLeaked);
        if (Encoding.UTF8.GetByteCount(file) > SigningKey.LargestFile)
        {
            throw new CliException(ExitCodes.Refused, $"with one more key, '{KeyFile}' in Secret {ns}/{secret} would be larger than "
                + $"{SigningKey.LargestFile} bytes, and the operator would not read it. Nothing was changed. Remove the oldest lines first.");
        }

        _ = SigningKey.TryParse(file, out var next);
        var data = new Dictionary<string, byte[]>(there.Data.OrEmpty()) { [KeyFile] = Encoding.UTF8.GetBytes(file) };
        try
        {
            await client.ReplaceAsync(there with { Data = data }, CancellationToken.None);
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            throw new CliException(ExitCodes.Error, $"Secret {ns}/{secret} was changed at the same time. The key was not replaced; run the command again.", e);
        }
        catch (Exception e) when (Outages.IsTransient(e))
        {
            throw new CliException(ExitCodes.Error, $"the API server did not answer, so Secret {ns}/{secret} may have the new key. Its public key is "
                + $"{next.Verifier}. Look whether '{KeyFile}' has two or more lines before you run the command again.", e);
        }

        await host.Out.WriteLineAsync(next.Verifier.ToString());
        await host.SayAsync($"journal-key: key {next.Verifier.Id} of {next.Verifier.Name} is in Secret {ns}/{secret}; its public key is above. "
            + $"Restart the operator, which reads the key when it starts: kubectl rollout restart -n {ns} deployment/breakglass-operator. "
            + (hasLeaked ? $"After that, the key {old.Verifier.Id} signs nothing. " : $"The key {old.Verifier.Id} goes on to sign beside it. ")
            + "Give auditors the public key; when they have it, remove the old line from the Secret.");
    }
}
