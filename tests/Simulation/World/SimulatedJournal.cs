using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Options;

namespace Simulation;

/// <summary>A journal in a directory, in memory where the machine has one: it outlives the operators of one world.</summary>
internal sealed class SimulatedJournal : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", new byte[32]);

    private readonly string _directory = Directory.Exists("/dev/shm")
        ? Path.Combine("/dev/shm", $"breakglass-{Path.GetRandomFileName()}") : Directory.CreateTempSubdirectory("breakglass-").FullName;

    /// <summary>The options of an operator that writes it.</summary>
    public OperatorOptions With(OperatorOptions options) => options with { JournalDirectory = _directory, JournalKey = new("test", Key) };

    /// <summary>What is wrong with it: each transition of the grant must be in it, once and in order, and it must verify.</summary>
    public IEnumerable<string> Problems(BreakGlassGrant last)
    {
        foreach (var problem in JournalCheck.Run(Read, Key.Verifier).Problems) yield return $"the journal: {problem}";
        var report = JournalCheck.RunFor(Read, Key.Verifier, last.Metadata.Name);
        foreach (var problem in report.Problems) yield return $"the journal: {problem}";

        // A grant that is deleted can be gone before its last transition is read.
        var numbered = report.Entries.Count(e => e.Entry.Position is not null);
        var missing = last.Status.Transitions.Count - numbered;
        if (missing < 0 || missing > (last.Metadata.DeletionTimestamp is null ? 0 : 1))
            yield return $"the journal has {numbered} of {last.Status.Transitions.Count} transitions";
        var recorded = report.Entries.Select(e => e.Entry.Data.To).Contains(nameof(GrantPhase.Pending));
        if (last.Status.Transitions.Any(t => t.To is GrantPhase.Active) && !recorded) yield return "access was given and its record is not in the journal";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    private ReadOnlyMemory<byte>? Read(string path)
    {
        var file = Path.Combine(_directory, path);
        return File.Exists(file) ? File.ReadAllBytes(file) : (ReadOnlyMemory<byte>?)null;
    }
}
