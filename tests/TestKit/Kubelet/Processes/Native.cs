using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TestKit.Kubelet.Processes;

/// <summary>What Linux offers for terminals and signals, and .NET does not.</summary>
internal static partial class Native
{
    private const int ReadWrite = 2;
    private const int NoControllingTerminal = 0x100;
    private const int CloseOnExec = 0x80000;
    private const nuint SetWindowSize = 0x5414;
    private const int Kill = 9;

    /// <summary>Opens a new pseudo-terminal: the side of the terminal, and the file of the side of the programs in it.</summary>
    public static (SafeFileHandle Master, string Slave) OpenTerminal()
    {
        var master = new SafeFileHandle(Check(OpenPt(ReadWrite | NoControllingTerminal | CloseOnExec)), ownsHandle: true);
        Check(GrantPt(master));
        Check(UnlockPt(master));
        var name = new byte[64];
        if (PtsName(master, name, (nuint)name.Length) is var error and not 0) throw new Win32Exception(error);
        return (master, System.Text.Encoding.ASCII.GetString(name.AsSpan(0, name.AsSpan().IndexOf((byte)0))));
    }

    /// <summary>Changes the size of a terminal; the programs in it get SIGWINCH.</summary>
    public static void Resize(SafeFileHandle master, TerminalSize size)
    {
        var window = new WindowSize { Rows = size.Height, Columns = size.Width };
        Check(IoControl(master, SetWindowSize, ref window));
    }

    /// <summary>Ends a process at once; one that is gone already is not an error.</summary>
    public static void KillProcess(int id) => _ = Signal(id, Kill);

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort WidthInPixels;
        public ushort HeightInPixels;
    }

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenPt(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GrantPt(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int UnlockPt(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "ptsname_r")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int PtsName(SafeFileHandle master, byte[] name, nuint length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int IoControl(SafeFileHandle master, nuint request, ref WindowSize size);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
