using Xunit;

// Most of these tests wait for another process most of the time.
[assembly: CollectionBehavior(MaxParallelThreads = 6)]
