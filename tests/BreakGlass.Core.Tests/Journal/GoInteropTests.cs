using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>Go's x/mod/sumdb, which shares no code with ours, reads and verifies what ours writes.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class GoInteropTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-journal-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(256, 256)]
    [InlineData(700, 90)]
    [InlineData(66_000, 256)]
    public async Task Go_verifies_the_checkpoint_the_tiles_the_entries_and_the_proofs(int size, int batch)
    {
        var log = TestLog.Of(size, batch);
        foreach (var (path, bytes) in log.Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_directory, path))!);
            await File.WriteAllBytesAsync(Path.Combine(_directory, path), bytes);
        }

        var (tree, random) = (new LogTree(log.Reader, size), new Random(size));
        long[] indices = [0, size - 1, .. Enumerable.Range(0, 20).Select(_ => random.NextInt64(size))];
        var befores = log.Roots.Keys.Order().Where((_, i) => i % Math.Max(1, log.Roots.Count / 20) == 0).ToList();
        var proofs = Path.Combine(_directory, "proofs.json");
        await using (var file = File.Create(proofs))
        await using (var json = new Utf8JsonWriter(file))
        {
            json.WriteStartObject();
            json.WriteStartArray("inclusion");
            foreach (var index in indices) Write(json, tree.Inclusion(index), "index", index, null);
            json.WriteEndArray();
            json.WriteStartArray("consistency");
            foreach (var before in befores) Write(json, tree.Consistency(before), "before", before, log.Roots[before]);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        var said = await RunAsync(_directory, TestLog.Key.Verifier.ToString(), TestLog.Key.ToSecretText(), proofs);
        said.Should().Be($"{TestLog.Origin}: {size} entries, {indices.Length} inclusion proofs, {befores.Count} consistency proofs\n");
    }

    [Fact]
    public async Task Go_verifies_the_proofs_in_a_bundle()
    {
        foreach (var (path, bytes) in BundleCheckTests.Bundle)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_directory, path))!);
            await File.WriteAllBytesAsync(Path.Combine(_directory, path), bytes.ToArray());
        }

        (await RunAsync(_directory, TestLog.Key.Verifier.ToString())).Should().Be("3 entries\n");
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<TreeHash> proof, string name, long number, TreeHash? root)
    {
        json.WriteStartObject();
        json.WriteNumber(name, number);
        if (root is { } hash) json.WriteString("root", hash.ToString());
        json.WriteStartArray("proof");
        foreach (var node in proof) json.WriteStringValue(node.ToString());
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static async Task<string> RunAsync(params string[] args)
    {
        var script = Path.Combine(Golden.RepositoryRoot, "tests", "BreakGlass.Core.Tests", "Journal", "Go", "verify.sh");
        using var timeUp = new CancellationTokenSource(TimeSpan.FromMinutes(5), TimeProvider.System);
        var start = new ProcessStartInfo(script, args) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(timeUp.Token), process.StandardError.ReadToEndAsync(timeUp.Token));
            await process.WaitForExitAsync(timeUp.Token);
            process.ExitCode.Should().Be(0, await error);
            return await output;
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException("Go was expected to verify the journal within 5 minutes and did not.", e);
        }
    }
}
