namespace Kube.Client;

/// <summary>A certificate or key in PEM: inline, or a file that is read again from time to time. Its text form never shows the content.</summary>
public sealed record PemSource
{
    private PemSource(string? path, string? pem)
    {
        Path = path;
        Pem = pem;
    }

    /// <summary>The file, or null.</summary>
    public string? Path { get; }

    /// <summary>The inline content, or null.</summary>
    internal string? Pem { get; }

    /// <summary>Content that never changes.</summary>
    public static PemSource FromPem(string pem) => new(null, pem);

    /// <summary>A file, checked every five minutes.</summary>
    public static PemSource FromFile(string path) => new(path, null);

    /// <summary>Reads it as it is now. These files are small and local (a mount, a home directory), so this does not await.</summary>
    internal string Read()
    {
        if (Pem is not null) return Pem;
        try
        {
            return File.ReadAllText(Path!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException(
                $"the certificate or key file '{Path}' cannot be read ({e.Message}). Check the path in the kubeconfig and the file's permissions.", e);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Path ?? "inline";
}
