namespace BreakGlass.Cli.Hosting;

/// <summary>Files that hold a credential: only their owner can read them, from the moment they are there.</summary>
internal static class CredentialFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>How the names of files end that are there only to be held.</summary>
    public const string Turn = ".turn";

    /// <summary>No grant lasts longer than this, so what is older opens nothing.</summary>
    private static readonly TimeSpan Stale = BreakGlassApi.LongestGrant + TimeSpan.FromHours(1);

    /// <summary>Where a grant's kubeconfig is written unless the person says where.</summary>
    public static string KubeconfigOf(CliHost host, string grant) => Path.Combine(host.CredentialDirectory, $"{grant}.kubeconfig");

    /// <summary>Writes a file atomically; only its owner can read it.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken, bool overwrite = true)
    {
        var full = Path.GetFullPath(path);
        EnsureDirectory(Path.GetDirectoryName(full)!);
        var draft = $"{full}.{Path.GetRandomFileName()}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        try
        {
            var file = new FileStream(draft, options);
            await using (file) await file.WriteAsync(content, cancellationToken);
            File.Move(draft, full, overwrite);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
    }

    /// <summary>
    /// Holds an empty file for one process at a time until it is closed. It is made in place: one that were moved there would take another's place.
    /// </summary>
    /// <exception cref="IOException">Somebody holds it.</exception>
    public static FileStream Hold(string path)
    {
        EnsureDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        return new(path, options);
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

    /// <summary>Deletes a file if it exists.</summary>
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

    /// <summary>Deletes files of earlier runs, except those that another process may hold.</summary>
    public static void Sweep(CliHost host)
    {
        if (!Directory.Exists(host.CredentialDirectory)) return;
        var oldest = (host.Time.GetUtcNow() - Stale).UtcDateTime;
        foreach (var file in Directory.EnumerateFiles(host.CredentialDirectory).Where(f => !f.EndsWith(Turn, StringComparison.Ordinal)))
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
