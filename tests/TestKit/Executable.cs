using System.Diagnostics;

namespace TestKit;

/// <summary>Programs that a test writes and runs.</summary>
public static class Executable
{
    /// <summary>
    /// Writes a script by another process. A process that is started elsewhere at the same moment has a copy of every file that is open here, and the kernel
    /// runs no file that anybody can write to ("Text file busy").
    /// </summary>
    /// <param name="path">The file; it can be run, read and written by its owner.</param>
    /// <param name="text">The whole script.</param>
    /// <exception cref="IOException">It was not written.</exception>
    public static void Write(string path, string text)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "cat >\"$0\" && chmod 700 \"$0\"", path]) { RedirectStandardInput = true, UseShellExecute = false };
        using var shell = Process.Start(start)!;
        shell.StandardInput.Write(text);
        shell.StandardInput.Close();
        shell.WaitForExit();
        if (shell.ExitCode != 0) throw new IOException($"{path} was not written; exit code {shell.ExitCode}");
    }
}
