using Amazon.Runtime;
using Amazon.S3;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using TestKit.Storage;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>A journal in a bucket: conditional writes, and a clear message for each thing that can be wrong with the bucket.</summary>
public sealed class BucketStorageTests : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", new byte[32]);

    private readonly FakeClock _clock = new(A.Start);
    private readonly FakeBucket _bucket = new("journal");
    private readonly BucketStorage _storage;

    public BucketStorageTests() => _storage = Storage();

    public void Dispose()
    {
        _storage.Dispose();
        _bucket.Dispose();
    }

    [Fact]
    public async Task A_file_is_created_once_and_never_overwritten()
    {
        (await _storage.ReadAsync("tile/0/000", default)).Should().BeNull();
        (await _storage.CreateAsync("tile/0/000", new byte[] { 1 }, default)).Should().BeTrue();
        (await _storage.CreateAsync("tile/0/000", new byte[] { 2 }, default)).Should().BeFalse();
        (await _storage.ReadAsync("tile/0/000", default))!.Value.ToArray().Should().Equal(1);
    }

    [Fact]
    public async Task The_checkpoint_is_replaced_only_as_it_was_read()
    {
        await _storage.ReadAsync("checkpoint", default);
        (await _storage.ReplaceAsync("checkpoint", new byte[] { 1 }, default)).Should().BeTrue();
        (await _storage.ReplaceAsync("checkpoint", new byte[] { 2 }, default)).Should().BeFalse("it is another than was read");
        await _storage.ReadAsync("checkpoint", default);

        using var other = Storage();
        await other.ReadAsync("checkpoint", default);
        (await other.ReplaceAsync("checkpoint", new byte[] { 3 }, default)).Should().BeTrue();
        (await _storage.ReplaceAsync("checkpoint", new byte[] { 4 }, default)).Should().BeFalse("somebody else has written it");
        _bucket.Objects["checkpoint"].Should().Equal(3);
        _bucket.Objects.Remove("checkpoint");
        (await other.ReplaceAsync("checkpoint", new byte[] { 5 }, default)).Should().BeFalse("somebody has deleted it");
    }

    [Fact]
    public async Task A_folder_is_deleted_and_what_begins_with_the_same_name_stays()
    {
        foreach (var path in (string[])["tile/0/000.p/1", "tile/0/000.p/2", "tile/0/000", "tile/0/000.px/1"])
            await _storage.CreateAsync(path, new byte[] { 1 }, default);
        await _storage.DeleteFolderAsync("tile/0/000.p", default);
        await _storage.DeleteFolderAsync("tile/0/000.p", default);
        _bucket.Objects.Keys.Should().Equal("tile/0/000", "tile/0/000.px/1");
    }

    [Fact]
    public async Task The_files_of_a_folder_are_listed_without_those_below_it_and_each_is_deleted_alone()
    {
        using var prefixed = Storage(new("journal") { Prefix = "clusters/prod" });
        (await prefixed.ListAsync("spool", default)).Should().BeEmpty();
        foreach (var path in (string[])["spool/a", "spool/b", "spool/below/c", "spoolx/d", "checkpoint"])
            await prefixed.CreateAsync(path, new byte[] { 1 }, default);
        (await prefixed.ListAsync("spool", default)).Should().Equal("spool/a", "spool/b");

        await prefixed.DeleteAsync("spool/a", default);
        await prefixed.DeleteAsync("spool/a", default);
        (await prefixed.ListAsync("spool", default)).Should().Equal("spool/b");
        _bucket.Fail(r => r.Method == "DELETE", new() { Code = 403, Word = "AccessDenied" });
        (await prefixed.Invoking(s => s.DeleteAsync("spool/b", default)).Should().ThrowAsync<JournalException>()).Which.Message.Should().EndWith(
            "does not let the operator delete spool/b. Allow s3:DeleteObject for spool/*");
    }

    [Fact]
    public async Task A_journal_in_a_bucket_is_what_verifiers_read()
    {
        using var prefixed = Storage(new("journal") { Prefix = "clusters/prod" });
        var log = new JournalLog(prefixed, Key);
        await log.OpenAsync(default);
        for (var i = 0; i < 300; i++) await log.AppendAsync([new[] { (byte)(i % 256) }], default);

        _bucket.Objects.Keys.Should().OnlyContain(k => k.StartsWith("clusters/prod/"));
        JournalCheck.Run(path => _bucket.Objects.TryGetValue($"clusters/prod/{path}", out var bytes) ? bytes : (ReadOnlyMemory<byte>?)null, Key.Verifier)
            .Problems.Should().BeEmpty();
        using var next = Storage(new("journal") { Prefix = "clusters/prod" });
        var again = new JournalLog(next, Key);
        await again.OpenAsync(default);
        again.Size.Should().Be(300);
    }

    [Fact]
    public async Task Two_writers_at_once_never_fork_the_journal()
    {
        using var other = Storage();
        async Task<List<string>> WriteAsync(BucketStorage storage, byte mark)
        {
            var (log, written) = (new JournalLog(storage, Key), new List<string>());
            for (var i = 0; i < 30; i++)
            {
                byte[] entry = [mark, (byte)i];
                if (!log.IsOpen) await log.OpenAsync(default);
                if (await log.AppendAsync([entry], default) > 0) written.Add(Convert.ToHexString(entry));
                await Task.Yield();
            }

            return written;
        }

        var written = await Task.WhenAll(Task.Run(() => WriteAsync(_storage, 1)), Task.Run(() => WriteAsync(other, 2)));
        var last = new JournalLog(_storage, Key);
        await last.OpenAsync(default);

        // A batch that one writer has begun and the other has completed is there, and the first one does not know it.
        var there = (await last.ReadBundleAsync(0, default)).Select(e => Convert.ToHexString(e.Span)).ToList();
        there.Should().HaveCount((int)last.Size).And.OnlyHaveUniqueItems().And.Contain(written.SelectMany(w => w));
        JournalCheck.Run(path => _bucket.Objects.TryGetValue(path, out var bytes) ? bytes : (ReadOnlyMemory<byte>?)null,
            Key.Verifier).Problems.Should().BeEmpty();
    }

    [Fact]
    public async Task A_service_that_ignores_conditions_is_refused_before_anything_is_written()
    {
        _bucket.IgnoresConditions = true;
        (await FailureAsync(() => new JournalLog(_storage, Key).OpenAsync(default))).Should().Contain("ignores If-None-Match");
        _bucket.Objects.Keys.Should().Equal("conditional-writes");
    }

    [Theory]
    [InlineData(403, "AccessDenied", "refuses the operator (AccessDenied)", "s3:PutObject")]
    [InlineData(403, "InvalidAccessKeyId", "refuses the operator (InvalidAccessKeyId)", "credentials")]
    [InlineData(404, "NoSuchBucket", "does not exist", "--journal-bucket (BREAKGLASS_JOURNAL_BUCKET)")]
    [InlineData(503, "SlowDown", "is busy or unavailable (SlowDown)", "journal")]
    [InlineData(500, "InternalError", "answers 500 (InternalError)", "journal")]
    [InlineData(501, "NotImplemented", "does not have what the journal needs", "If-None-Match")]
    [InlineData(400, "AuthorizationHeaderMalformed", "in another region", "--journal-bucket-region (BREAKGLASS_JOURNAL_BUCKET_REGION)")]
    public async Task What_the_bucket_refuses_is_said_in_words_that_help(int code, string word, string what, string then)
    {
        foreach (var act in (Func<Task>[])[() => _storage.ReadAsync("checkpoint", default), () => _storage.CreateAsync("tile/0/000", default, default)])
        {
            _bucket.Fail(_ => true, new() { Code = code, Word = word });
            (await FailureAsync(act)).Should().Contain(what).And.Contain(then).And.NotContain("secret-looking");
        }
    }

    [Fact]
    public async Task A_conflict_is_tried_again_and_said_if_it_stays()
    {
        _bucket.Fail(r => r.Method == "PUT", new() { Code = 409, Word = "ConditionalRequestConflict" });
        (await WithPausesAsync(_storage.CreateAsync("tile/0/000", new byte[] { 1 }, default), 1)).Should().BeTrue();

        for (var i = 0; i < 5; i++) _bucket.Fail(r => r.Method == "PUT", new() { Code = 409, Word = "ConditionalRequestConflict" });
        (await FailureAsync(() => WithPausesAsync(_storage.CreateAsync("tile/0/001", new byte[] { 1 }, default), 4)))
            .Should().Contain("conflict again and again");
    }

    [Fact]
    public async Task A_bucket_that_does_not_answer_is_waited_for_30_seconds()
    {
        _bucket.Fail(_ => true, new() { Hangs = true });
        var reading = FailureAsync(() => _storage.ReadAsync("checkpoint", default));
        await _bucket.Hanging.Task;
        _clock.Advance(BucketStorage.Limit);
        (await reading).Should().Be("the bucket journal did not answer within 30 s");
    }

    [Fact]
    public async Task The_end_of_leadership_ends_waiting_at_once()
    {
        using var stop = new CancellationTokenSource();
        _bucket.Fail(_ => true, new() { Hangs = true });
        var reading = _storage.ReadAsync("checkpoint", stop.Token);
        await _bucket.Hanging.Task;
        await stop.CancelAsync();
        await FluentActions.Awaiting(() => reading).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task A_connection_that_is_lost_is_said_without_the_address() =>
        (await FailureAsync(() =>
        {
            _bucket.Fail(_ => true, new() { IsLost = true });
            return _storage.ReadAsync("checkpoint", default);
        })).Should().Contain("cannot be reached").And.Contain("--journal-bucket-endpoint");

    [Fact]
    public async Task A_write_whose_answer_was_lost_is_found_and_carried_out_once()
    {
        var log = new JournalLog(_storage, Key);
        await log.OpenAsync(default);
        await log.AppendAsync([new byte[] { 1 }], default);
        _bucket.Fail(r => r.Path.Contains("/batch/", StringComparison.Ordinal), new() { IsLate = true });
        await FailureAsync(() => log.AppendAsync([new byte[] { 2 }], default));

        await log.OpenAsync(default);
        log.Size.Should().Be(2);
        await log.AppendAsync([new byte[] { 3 }], default);
        JournalCheck.Run(path => _bucket.Objects.TryGetValue(path, out var bytes) ? bytes : (ReadOnlyMemory<byte>?)null,
            Key.Verifier).Problems.Should().BeEmpty();
        log.Size.Should().Be(3);
    }

    [Fact]
    public async Task Files_stay_where_the_operator_must_not_delete_them()
    {
        await _storage.CreateAsync("tile/0/000.p/1", new byte[] { 1 }, default);
        _bucket.Fail(r => r.Method == "POST", new() { Code = 403, Word = "AccessDenied" });
        await _storage.DeleteFolderAsync("tile/0/000.p", default);
        _bucket.Objects.Should().ContainKey("tile/0/000.p/1");
    }

    [Theory]
    [InlineData(false, "GOVERNANCE")]
    [InlineData(true, "COMPLIANCE")]
    public async Task Files_that_stay_are_retained_and_those_that_are_deleted_later_are_not(bool isCompliance, string mode)
    {
        using var storage = Storage(new("journal") { Retention = TimeSpan.FromDays(365), IsCompliance = isCompliance });
        await storage.CreateAsync("tile/entries/000.p/7", new byte[] { 1 }, default);
        await storage.CreateAsync("tile/entries/000", new byte[] { 1 }, default);
        await storage.ReplaceAsync("checkpoint", new byte[] { 1 }, default);
        foreach (var put in _bucket.Requests.Where(r => r.Method == "PUT"))
        {
            var isRetained = put.Path is "/journal/tile/entries/000" or "/journal/checkpoint";
            put.Headers.GetValueOrDefault("x-amz-object-lock-mode").Should().Be(isRetained ? mode : null, put.Path);
            put.Headers.GetValueOrDefault("x-amz-object-lock-retain-until-date").Should().Be(isRetained ? "2027-11-22T01:02:03Z" : null, put.Path);
        }
    }

    [Fact]
    public async Task A_bucket_without_Object_Lock_is_named_with_the_option()
    {
        using var storage = Storage(new("journal") { Retention = TimeSpan.FromDays(365) });
        _bucket.Fail(r => r.Method == "PUT", new() { Code = 400, Word = "InvalidRequest" });
        (await FailureAsync(() => storage.CreateAsync("tile/0/000", new byte[] { 1 }, default))).Should().Contain("--journal-bucket-retention");
    }

    private static async Task<string> FailureAsync(Func<Task> act) =>
        (await FluentActions.Awaiting(act).Should().ThrowAsync<JournalException>()).Which.Message;

    private async Task<T> WithPausesAsync<T>(Task<T> task, int pauses)
    {
        for (var i = 1; i <= pauses; i++)
        {
            var pause = TimeSpan.FromMilliseconds(100 * i);
            await _clock.WhenTimerArmed(pause);
            _clock.Advance(pause);
        }

        return await task;
    }

    private BucketStorage Storage(BucketSettings? settings = null)
    {
        settings = (settings ?? new("journal")) with { Endpoint = new("http://bucket.test"), PathStyle = true };
        var config = BucketStorage.Config(settings);
        (config.MaxErrorRetry, config.HttpClientFactory, config.CacheHttpClient) = (0, new Factory(_bucket), false);
        return new(new AmazonS3Client(new BasicAWSCredentials("id", "key"), config), settings, _clock);
    }

    private sealed class Factory(FakeBucket bucket) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(bucket, disposeHandler: false);

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
