using Xunit;

// Most of these tests wait for another process most of the time. With more at once than a slow machine can serve, API servers do not answer in time.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
