namespace BreakGlass.CrdGen;

/// <summary>Everything that is generated, as path below the repository root and content.</summary>
internal static class GeneratedFiles
{
    /// <summary>Directories in which every file is generated: one that is there and not generated is stale too.</summary>
    private static readonly string[] OwnedDirectories =
        ["config/crd", "config/components/selectable-fields", "config/components/without-cel"];

    public static IReadOnlyDictionary<string, string> All()
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, content) in CrdFiles.For(CustomKind.All)) files.Add(path, content);
        files.Add("docs/api.md", ApiReference.For(CustomKind.All));
        return files;
    }

    /// <summary>Writes them, and removes what is no longer generated.</summary>
    public static void Write(IReadOnlyDictionary<string, string> files, string root)
    {
        foreach (var path in Leftovers(files, root)) File.Delete(Path.Combine(root, path));
        foreach (var (path, content) in files)
        {
            var target = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllText(target, content, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        }
    }

    /// <summary>The paths that differ, are missing, or are there and should not be.</summary>
    public static IReadOnlyList<string> Stale(IReadOnlyDictionary<string, string> files, string root)
    {
        var different = files
            .Where(file => !File.Exists(Path.Combine(root, file.Key)) || File.ReadAllText(Path.Combine(root, file.Key)) != file.Value)
            .Select(file => file.Key);
        return [.. different.Concat(Leftovers(files, root)).Order(StringComparer.Ordinal)];
    }

    private static List<string> Leftovers(IReadOnlyDictionary<string, string> files, string root) =>
        OwnedDirectories
            .Select(directory => Path.Combine(root, directory))
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFiles)
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
            .Where(path => !files.ContainsKey(path))
            .ToList();
}
