using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Replay;

/// <summary>A recording with those of its files that are what the journal has the hashes of.</summary>
/// <param name="Recording">The recording, as its entries describe it.</param>
/// <param name="Files">The file of each part; null if it is missing or is not what was recorded.</param>
/// <param name="Problems">What is missing or wrong, in sentences.</param>
/// <param name="IsSound">Whether each part that was recorded is there, and is what was recorded.</param>
internal sealed record RecordedStream(
    JournalRecording Recording, IReadOnlyList<ReadOnlyMemory<byte>?> Files, IReadOnlyList<string> Problems, bool IsSound)
{
    /// <summary>Reads the files and compares each with the hash in its entry, before anything of it is used.</summary>
    public static RecordedStream Read(JournalRecording recording, LogReader reader, CancellationToken cancellationToken)
    {
        var (files, problems) = (new List<ReadOnlyMemory<byte>?>(), new List<string>());
        foreach (var (_, part) in recording.Parts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var file = reader(recording.PathOf(part));
            if (file is null) problems.Add($"The file of part {part.Part} is missing in the journal's storage: {recording.PathOf(part)}.");
            else if (!JournalRecording.IsPart(part, file.Value.Span))
            {
                problems.Add($"Part {part.Part} does not have the hash that the journal has for it: it was changed or is damaged, and is not used.");
                file = null;
            }

            files.Add(file);
        }

        return new(recording, files, [.. recording.Problems(), .. problems], problems.Count == 0 && !recording.LacksParts);
    }
}
