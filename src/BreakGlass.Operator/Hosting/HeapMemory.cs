using System.Runtime;

namespace BreakGlass.Operator.Hosting;

/// <summary>The memory of the process, between work that needs much of it at once and days without any.</summary>
internal static class HeapMemory
{
    /// <summary>
    /// Gives back to the system what is free in the heap. The first lists of a process, and the first reading of a journal, are by far the most that is ever
    /// read at once.
    /// </summary>
    public static void GiveBack()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
