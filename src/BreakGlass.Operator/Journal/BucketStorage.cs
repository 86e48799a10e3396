using System.Net;
using Amazon;
using Amazon.S3;
using Amazon.S3.Model;
using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// A journal in an S3-compatible bucket. A file is created by a conditional write, which fails if it exists (<c>If-None-Match: *</c>), and the checkpoint is
/// replaced only as it was read last (<c>If-Match</c>).
/// </summary>
/// <param name="client">The bucket's service.</param>
/// <param name="settings">Which bucket, and how files are kept in it.</param>
/// <param name="time">Clock.</param>
internal sealed class BucketStorage(IAmazonS3 client, BucketSettings settings, TimeProvider time) : IJournalStorage, IDisposable
{
    /// <summary>How long one operation may take, with all its tries.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    // Written once to see whether the service has conditional writes.
    private const string Probe = "conditional-writes";
    private const string Partial = ".p/";
    private const int MostListed = 1000;
    private const int MostConflicts = 5;

    private static readonly TimeSpan ConflictPause = TimeSpan.FromMilliseconds(100);

    // The checkpoint as it was read last: its ETag; empty if it was not there.
    private string? _checkpoint;

    /// <summary>A storage with the SDK's own client and its chain of credentials, or the role of the pod's service account.</summary>
    public static BucketStorage Open(BucketSettings settings, TimeProvider time) => new(
        WebRoleCredentials.FromEnvironment(Environment.GetEnvironmentVariable, settings) is { } role
            ? new AmazonS3Client(role, Config(settings)) : new AmazonS3Client(Config(settings)),
        settings, time);

    /// <summary>How the SDK finds the service.</summary>
    internal static AmazonS3Config Config(BucketSettings settings)
    {
        var config = new AmazonS3Config { ForcePathStyle = settings.PathStyle, MaxErrorRetry = 2, Timeout = Limit };
        if (settings.Endpoint is { } endpoint) (config.ServiceURL, config.AuthenticationRegion) = (endpoint.AbsoluteUri, settings.Region ?? "us-east-1");
        else config.RegionEndpoint = RegionEndpoint.GetBySystemName(settings.Region);
        return config;
    }

    /// <summary>A service that ignores conditions would let two operators write two journals: of two writes of the same file, one must be refused.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var isNew = await PutAsync(Probe, default, isNew: true, etag: null, cancellationToken);
        if (isNew && await PutAsync(Probe, default, isNew: true, etag: null, cancellationToken)) throw new JournalException(
            $"the service of the bucket {settings.Bucket} ignores If-None-Match, so two operators could overwrite each other's files. Use a service that "
                + "supports conditional writes, or a directory.");
    }

    public async Task<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var (bytes, etag) = await AskAsync(async token =>
        {
            try
            {
                using var response = await client.GetObjectAsync(new GetObjectRequest { BucketName = settings.Bucket, Key = KeyOf(path) }, token);
                var buffer = new byte[(int)Math.Min(response.ContentLength, EntryBundle.LargestBundle + (2 * ushort.MaxValue))];
                var read = await response.ResponseStream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, token);
                return ((ReadOnlyMemory<byte>?)buffer.AsMemory(0, read), response.ETag);
            }
            catch (AmazonS3Exception e) when (IsMissing(e))
            {
                return (null, "");
            }
        }, cancellationToken);
        if (path == Checkpoint.Path) _checkpoint = etag;
        return bytes;
    }

    public Task<bool> CreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        PutAsync(path, content, isNew: true, etag: null, cancellationToken);

    public Task<bool> ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        PutAsync(path, content, isNew: _checkpoint is "", etag: _checkpoint is "" ? null : _checkpoint, cancellationToken);

    public Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) => AskAsync<IReadOnlyList<string>>(async token =>
    {
        var (found, start, next) = (new List<string>(), KeyOf(folder) + "/", (string?)null);
        do
        {
            var listed = await client.ListObjectsV2Async(
                new() { BucketName = settings.Bucket, Prefix = start, ContinuationToken = next, MaxKeys = MostListed }, token);
            found.AddRange((listed.S3Objects ?? []).Select(o => o.Key[start.Length..]).Where(name => !name.Contains('/')).Select(name => $"{folder}/{name}"));
            next = listed.IsTruncated is true ? listed.NextContinuationToken : null;
        }
        while (next is not null);
        return found;
    }, cancellationToken);

    public Task DeleteAsync(string path, CancellationToken cancellationToken) => AskAsync(async token =>
    {
        try
        {
            await client.DeleteObjectAsync(new() { BucketName = settings.Bucket, Key = KeyOf(path) }, token);
            return true;
        }
        catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.Forbidden)
        {
            throw new JournalException($"the bucket {settings.Bucket} does not let the operator delete {path}. Allow s3:DeleteObject for spool/*");
        }
    }, cancellationToken);

    public Task DeleteFolderAsync(string path, CancellationToken cancellationToken) => AskAsync(async token =>
    {
        try
        {
            while (true)
            {
                var listed = await client.ListObjectsV2Async(
                    new() { BucketName = settings.Bucket, Prefix = KeyOf(path) + "/", MaxKeys = MostListed }, token);
                if (listed.S3Objects is not { Count: > 0 } objects) return true;
                await client.DeleteObjectsAsync(
                    new() { BucketName = settings.Bucket, Quiet = true, Objects = [.. objects.Select(o => new KeyVersion { Key = o.Key })] }, token);
                if (listed.IsTruncated is not true) return true;
            }
        }
        catch (AmazonS3Exception e) when (e is DeleteObjectsException || e.StatusCode is HttpStatusCode.Forbidden)
        {
            // Nothing but space is lost if files stay. An operator that is not allowed to delete anything is what some want.
            return false;
        }
    }, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <summary>Writes a file; false if the condition does not hold.</summary>
    private async Task<bool> PutAsync(string path, ReadOnlyMemory<byte> content, bool isNew, string? etag, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var isLast = tries == MostConflicts;
            var isDone = await AskAsync<bool?>(async token =>
            {
                try
                {
                    using var stream = new MemoryStream(content.ToArray(), writable: false);
                    await client.PutObjectAsync(Put(path, stream, isNew, etag), token);
                    return true;
                }
                catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.PreconditionFailed || (etag is not null && IsMissing(e)))
                {
                    return false;
                }
                catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.Conflict && !isLast)
                {
                    return null; // another write of the same file is under way, and which of the two holds is not known yet
                }
            }, cancellationToken);
            if (isDone is { } done) return done;
            await Task.Delay(ConflictPause * tries, time, cancellationToken);
        }
    }

    private PutObjectRequest Put(string path, Stream content, bool isNew, string? etag)
    {
        // The body as it is: not every service reads the SDK's own chunks.
        var put = new PutObjectRequest { BucketName = settings.Bucket, Key = KeyOf(path), InputStream = content, UseChunkEncoding = false };
        if (isNew) put.IfNoneMatch = "*";
        if (etag is not null) put.IfMatch = etag;

        // What the operator deletes later is not retained: partial tiles and batches, whose content the full ones have, and what is on its way into them.
        if (settings.Retention is not { } retention || path.Contains(Partial, StringComparison.Ordinal) || path == Probe
            || path.StartsWith(SpoolFile.Folder, StringComparison.Ordinal)) return put;
        put.ObjectLockMode = settings.IsCompliance ? ObjectLockMode.Compliance : ObjectLockMode.Governance;
        put.ObjectLockRetainUntilDate = (time.GetUtcNow() + retention).UtcDateTime;
        return put;
    }

    /// <summary>Whether the file does not exist, in a bucket that does.</summary>
    private static bool IsMissing(AmazonS3Exception e) => e.StatusCode is HttpStatusCode.NotFound && e.ErrorCode != BucketFailure.NoBucket;

    private string KeyOf(string path) => settings.Prefix is { } prefix ? $"{prefix}/{path}" : path;

    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await ask(either.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw e as JournalException ?? new JournalException(limit.IsCancellationRequested
                ? $"the bucket {settings.Bucket} did not answer within {Limit.TotalSeconds:0} s" : BucketFailure.Of(e, settings));
        }
    }
}
