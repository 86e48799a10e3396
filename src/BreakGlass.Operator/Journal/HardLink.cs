using System.Runtime.InteropServices;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// The system call link(2): it gives a file a second name, and fails if the name is taken. File.Move falls back to something that does not where the file
/// system has no links.
/// </summary>
internal static partial class HardLink
{
    private const int NameIsTaken = 17; // EEXIST

    /// <summary>Creates a link; false if there is a file of that name.</summary>
    /// <exception cref="IOException">The link cannot be created.</exception>
    public static bool Create(string file, string name)
    {
        if (Link(file, name) == 0) return true;
        var error = Marshal.GetLastPInvokeError();
        return error == NameIsTaken ? false : throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{name}'");
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Link(string file, string name);
}
