using System.Text;

namespace BreakGlass.Cli.Hosting;

/// <summary>Files that hold a credential: only their owner can read them, from the moment they are there.</summary>
internal static class CredentialFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>No grant lasts longer than 12 hours, so what is older opens nothing.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromHours(13);

    /// <summary>Where a grant's kubeconfig is written unless the person says where.</summary>
    public static string KubeconfigOf(CliHost host, string grant) => Path.Combine(host.CredentialDirectory, $"{grant}.kubeconfig");

    /// <summary>Writes a file as a whole: nobody sees half of it, and nobody but the owner sees any of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="keep">Leave it as it is where it is there.</param>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken, bool keep = false)
    {
        var full = Path.GetFullPath(path);
        if (keep && File.Exists(full)) return;
        EnsureDirectory(Path.GetDirectoryName(full)!);
        var draft = $"{full}.{Path.GetRandomFileName()}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        try
        {
            var file = new FileStream(draft, options);
            await using (file) await file.WriteAsync(content, cancellationToken);
            File.Move(draft, full, overwrite: true);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
    }

    /// <summary>The text of a file, or null where there is none that can be read.</summary>
    public static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path, Encoding.UTF8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Takes a file away; it is no harm where it is not there.</summary>
    public static void Forget(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // what it opened is over in any case
        }
    }

    /// <summary>Takes away what earlier runs left.</summary>
    public static void Sweep(CliHost host)
    {
        if (!Directory.Exists(host.CredentialDirectory)) return;
        var oldest = (host.Time.GetUtcNow() - Stale).UtcDateTime;
        foreach (var file in Directory.EnumerateFiles(host.CredentialDirectory))
        {
            if (File.GetLastWriteTimeUtc(file) < oldest) Forget(file);
        }
    }

    private static void EnsureDirectory(string path)
    {
        if (Directory.Exists(path)) return;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
    }
}
