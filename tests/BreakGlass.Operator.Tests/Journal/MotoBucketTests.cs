using System.Diagnostics;
using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.SecurityToken;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>The same storage on an S3 implementation that is not ours, over a real connection and with the SDK's own client.</summary>
public sealed class MotoBucketTests : IDisposable
{
    private static readonly BasicAWSCredentials Credentials = new("id", "key");

    private readonly SigningKey _key = SigningKey.Of("breakglass.example.com/test", new byte[32]);
    private readonly BucketSettings _settings;
    private readonly Process _moto;
    private readonly TaskCompletionSource _listens = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MotoBucketTests()
    {
        var port = Ports.Free();
        _settings = new("journal")
        {
            Endpoint = new($"http://127.0.0.1:{port}"), PathStyle = true, Prefix = "clusters/prod", Retention = TimeSpan.FromDays(1),
        };
        _moto = Process.Start(new ProcessStartInfo(MotoFactAttribute.Program, ["-H", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        _moto.OutputDataReceived += (_, line) => Look(line.Data);
        _moto.ErrorDataReceived += (_, line) => Look(line.Data);
        _moto.BeginOutputReadLine();
        _moto.BeginErrorReadLine();
    }

    public void Dispose()
    {
        _moto.Kill(entireProcessTree: true);
        _moto.Dispose();
    }

    [MotoFact]
    public async Task A_journal_is_written_read_and_pruned_and_two_writers_do_not_fork_it()
    {
        using var client = new AmazonS3Client(Credentials, BucketStorage.Config(_settings));
        await _listens.Task.Soon("moto_server");
        await client.PutBucketAsync(new PutBucketRequest { BucketName = "journal", ObjectLockEnabledForBucket = true });
        using var storage = new BucketStorage(new AmazonS3Client(Credentials, BucketStorage.Config(_settings)), _settings, TimeProvider.System);
        using var other = new BucketStorage(new AmazonS3Client(Credentials, BucketStorage.Config(_settings)), _settings, TimeProvider.System);
        var (log, second) = (new JournalLog(storage, _key), new JournalLog(other, _key));
        await log.OpenAsync(default);
        await second.OpenAsync(default);
        foreach (var count in (int[])[200, 56, 200, 56, 3])
            (await log.AppendAsync([.. Enumerable.Range(0, count).Select(i => (ReadOnlyMemory<byte>)new[] { (byte)i })], default)).Should().Be(count);

        (await second.AppendAsync([new byte[] { 1 }], default)).Should().Be(0, "another writer was first");
        await second.OpenAsync(default);
        (await second.AppendAsync([new byte[] { 1 }], default)).Should().Be(1);
        second.Size.Should().Be(516);

        var files = new Dictionary<string, byte[]>();
        var listed = await client.ListObjectsV2Async(new() { BucketName = "journal" });
        foreach (var key in listed.S3Objects.Select(o => o.Key))
        {
            using var response = await client.GetObjectAsync("journal", key);
            using var content = new MemoryStream();
            await response.ResponseStream.CopyToAsync(content);
            files[key] = content.ToArray();
        }

        files.Keys.Should().Contain("clusters/prod/tile/entries/000").And.NotContain(k => k.Contains("/entries/000.p/"), "the full bundle replaced them");
        JournalCheck.Run(path => files.TryGetValue($"clusters/prod/{path}", out var bytes) ? bytes : (ReadOnlyMemory<byte>?)null, _key.Verifier)
            .Problems.Should().BeEmpty();
    }

    [MotoFact]
    public async Task A_bucket_that_does_not_exist_is_said()
    {
        await _listens.Task.Soon("moto_server");
        using var storage = new BucketStorage(new AmazonS3Client(Credentials, BucketStorage.Config(_settings)), _settings, TimeProvider.System);
        (await FluentActions.Awaiting(() => storage.ReadAsync("checkpoint", default)).Should().ThrowAsync<JournalException>())
            .Which.Message.Should().Contain("the bucket journal does not exist");
    }

    [MotoFact]
    public async Task The_role_of_the_pods_service_account_opens_the_bucket()
    {
        await _listens.Task.Soon("moto_server");
        var token = Path.GetTempFileName();
        await File.WriteAllTextAsync(token, "a.projected.token\n");
        using var role = new WebRoleCredentials(
            new AmazonSecurityTokenServiceClient(new AnonymousAWSCredentials(), new AmazonSecurityTokenServiceConfig
            {
                ServiceURL = _settings.Endpoint!.AbsoluteUri, AuthenticationRegion = "eu-central-1",
            }),
            "arn:aws:iam::123456789012:role/journal", token, "breakglass-operator");
        using var client = new AmazonS3Client(role, BucketStorage.Config(_settings));
        await client.PutBucketAsync("journal");
        using var storage = new BucketStorage(client, _settings with { Retention = null }, TimeProvider.System);
        (await storage.CreateAsync("tile/0/000", new byte[] { 1 }, default)).Should().BeTrue();
        (await role.GetCredentialsAsync()).Token.Should().NotBeNullOrEmpty("these are credentials of a role and not a key");
        File.Delete(token);
    }

    private void Look(string? line)
    {
        if (line?.Contains("Running on", StringComparison.Ordinal) is true) _listens.TrySetResult();
    }
}
