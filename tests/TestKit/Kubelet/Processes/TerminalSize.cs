using System.Runtime.InteropServices;

namespace TestKit.Kubelet;

/// <summary>The size of a terminal in characters.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TerminalSize(ushort Width, ushort Height);
