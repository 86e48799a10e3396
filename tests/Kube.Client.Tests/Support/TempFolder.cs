using TestKit;

namespace Kube.Client.Tests;

/// <summary>A directory that goes with the test.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("kube-client-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    public string Root => _path;

    public string Write(string name, string content)
    {
        var path = this[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    public string WriteScript(string name, string content)
    {
        var path = this[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Executable.Write(path, "#!/bin/sh\n" + content.ReplaceLineEndings("\n"));
        return path;
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
