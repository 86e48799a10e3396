using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

public sealed class DirectoryStorageTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-journal-").FullName;
    private readonly DirectoryStorage _storage;

    public DirectoryStorageTests() => _storage = new(Path.Combine(_directory, "journal"), TimeProvider.System);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_file_is_created_once_and_never_overwritten()
    {
        (await _storage.ReadAsync("tile/0/000", default)).Should().BeNull();
        (await _storage.CreateAsync("tile/0/000", new byte[] { 1 }, default)).Should().BeTrue();
        (await _storage.CreateAsync("tile/0/000", new byte[] { 2 }, default)).Should().BeFalse();
        (await _storage.ReadAsync("tile/0/000", default))!.Value.ToArray().Should().Equal(1);
        Directory.GetFiles(Path.Combine(_directory, "journal", "unfinished")).Should().BeEmpty();
    }

    [Fact]
    public async Task Of_many_who_create_the_same_file_one_does()
    {
        var created = await Task.WhenAll(
            Enumerable.Range(0, 32).Select(i => Task.Run(() => _storage.CreateAsync("batch/000.p/0", new[] { (byte)i }, default))));
        created.Count(c => c).Should().Be(1);
        (await _storage.ReadAsync("batch/000.p/0", default))!.Value.ToArray().Should().Equal((byte)Array.IndexOf(created, true));
        Directory.GetFiles(Path.Combine(_directory, "journal", "unfinished")).Should().BeEmpty();
    }

    [Fact]
    public async Task A_file_is_replaced_and_a_folder_is_deleted()
    {
        await _storage.ReplaceAsync("checkpoint", new byte[] { 1 }, default);
        await _storage.ReplaceAsync("checkpoint", new byte[] { 2, 3 }, default);
        (await _storage.ReadAsync("checkpoint", default))!.Value.ToArray().Should().Equal(2, 3);

        await _storage.CreateAsync("tile/0/000.p/7", new byte[] { 1 }, default);
        await _storage.DeleteFolderAsync("tile/0/000.p", default);
        await _storage.DeleteFolderAsync("tile/0/000.p", default);
        (await _storage.ReadAsync("tile/0/000.p/7", default)).Should().BeNull();
    }

    [Fact]
    public async Task The_files_of_a_folder_are_listed_without_those_below_it_and_each_is_deleted_alone()
    {
        (await _storage.ListAsync("spool", default)).Should().BeEmpty();
        await _storage.DeleteAsync("spool/a", default);
        foreach (var path in (string[])["spool/a", "spool/b", "spool/below/c", "checkpoint"]) await _storage.CreateAsync(path, new byte[] { 1 }, default);
        (await _storage.ListAsync("spool", default)).Should().BeEquivalentTo("spool/a", "spool/b");

        await _storage.DeleteAsync("spool/a", default);
        await _storage.DeleteAsync("spool/a", default);
        (await _storage.ListAsync("spool", default)).Should().Equal("spool/b");
    }

    [Fact]
    public async Task A_journal_in_a_directory_is_what_verifiers_read()
    {
        var key = SigningKey.Of("breakglass.example.com/test", new byte[32]);
        var log = new JournalLog(_storage, key);
        await log.OpenAsync(default);
        for (var i = 0; i < 300; i++) await log.AppendAsync([new[] { (byte)(i % 256) }], default);

        JournalCheck.Run(Read, key.Verifier).Problems.Should().BeEmpty();
        var again = new JournalLog(_storage, key);
        await again.OpenAsync(default);
        again.Size.Should().Be(300);
        Directory.GetFiles(Path.Combine(_directory, "journal", "unfinished")).Should().BeEmpty();
    }

    [Fact]
    public async Task What_is_staged_is_not_there_and_is_used_only_for_what_it_was_staged_for()
    {
        await _storage.StageAsync([new("tile/0/000", new byte[] { 1 }), new("checkpoint", new byte[] { 2 })], default);
        (await _storage.ReadAsync("tile/0/000", default)).Should().BeNull();
        (await _storage.CreateAsync("tile/0/000", new byte[] { 3 }, default)).Should().BeTrue();
        (await _storage.ReadAsync("tile/0/000", default))!.Value.ToArray().Should().Equal(3);
        await _storage.ReplaceAsync("checkpoint", new byte[] { 2 }, default);
        (await _storage.ReadAsync("checkpoint", default))!.Value.ToArray().Should().Equal(2);

        await _storage.StageAsync([], default);
        Directory.GetFiles(Path.Combine(_directory, "journal", "unfinished")).Should().BeEmpty();
    }

    [Fact]
    public async Task A_file_system_without_hard_links_is_refused_before_anything_is_written()
    {
        var place = Path.Combine(_directory, "journal");
        var storage = new DirectoryStorage(place, TimeProvider.System, (_, _) => throw new IOException("Operation not permitted : 'x'"));
        await storage.Invoking(s => s.PrepareAsync(default)).Should().ThrowAsync<JournalException>()
            .WithMessage($"*{place} (--journal-directory) has no hard links*");
        Directory.GetFiles(Path.Combine(place, "unfinished")).Should().BeEmpty();

        var replaces = new DirectoryStorage(place, TimeProvider.System, (_, _) => true);
        await replaces.Invoking(s => s.PrepareAsync(default)).Should().ThrowAsync<JournalException>("a link that does not fail keeps nobody apart");
        await _storage.PrepareAsync(default);
        Directory.GetFiles(Path.Combine(place, "unfinished")).Should().BeEmpty();
    }

    [Fact]
    public async Task What_a_crash_left_is_deleted_when_a_term_begins_and_what_another_writer_writes_stays()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_directory, "journal", "unfinished")).FullName;
        foreach (var name in new[] { "old", "new" }) await File.WriteAllTextAsync(Path.Combine(folder, name), "x");
        File.SetLastWriteTimeUtc(Path.Combine(folder, "old"), TimeProvider.System.GetUtcNow().UtcDateTime - DirectoryStorage.Margin - TimeSpan.FromMinutes(1));
        await new JournalLog(_storage, SigningKey.Of("breakglass.example.com/test", new byte[32])).OpenAsync(default);
        Directory.GetFiles(folder).Select(Path.GetFileName).Should().Equal("new");
    }

    [Fact]
    public async Task What_cannot_be_written_is_said_in_the_same_words_each_time()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "journal"), "this is a file");
        var said = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            said.Add((await _storage.Invoking(s => s.CreateAsync("tile/0/000", new byte[] { 1 }, default)).Should().ThrowAsync<JournalException>())
                .Which.Message);
        }

        said[0].Should().Contain("(--journal-directory) cannot be used").And.Be(said[1]);
    }

    private ReadOnlyMemory<byte>? Read(string path)
    {
        var file = Path.Combine(_directory, "journal", path);
        return File.Exists(file) ? File.ReadAllBytes(file) : (ReadOnlyMemory<byte>?)null;
    }
}
