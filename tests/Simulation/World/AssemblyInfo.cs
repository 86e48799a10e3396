using Xunit;

// Stillness watches the whole thread pool.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
