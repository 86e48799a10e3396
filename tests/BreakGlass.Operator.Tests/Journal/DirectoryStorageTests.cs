using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

public sealed class DirectoryStorageTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-journal-").FullName;
    private readonly DirectoryStorage _storage;

    public DirectoryStorageTests() => _storage = new(Path.Combine(_directory, "journal"));

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
    }

    private ReadOnlyMemory<byte>? Read(string path)
    {
        var file = Path.Combine(_directory, "journal", path);
        return File.Exists(file) ? File.ReadAllBytes(file) : (ReadOnlyMemory<byte>?)null;
    }
}
