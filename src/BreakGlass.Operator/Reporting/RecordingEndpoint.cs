using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Sessions;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Outbound;
using Microsoft.AspNetCore.Http.Features;

namespace BreakGlass.Operator.Reporting;

/// <summary>
/// Takes parts of recordings from the gateway, in every replica: writes each into the journal's storage and hands the entry that proves it to the leader
/// (<see cref="JournalSpool"/>). It answers 200 when both are durable. A part that is sent again is the same part: it is stored once, and its entry is
/// appended once.
/// </summary>
/// <param name="storage">Where the journal is.</param>
/// <param name="key">The key of the journal.</param>
/// <param name="observer">The name of this process; one that starts again has another one.</param>
/// <param name="grants">The grant with a name, as it is known; null if there is none.</param>
/// <param name="hasSynced">Whether grants are known.</param>
/// <param name="metrics">Metrics.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
[SuppressMessage("Design", "CA1001", Justification = "Its semaphore never has a handle to let go of.")]
internal sealed class RecordingEndpoint(
    IJournalStorage storage, SigningKey key, string observer, Func<string, BreakGlassGrant?> grants, Func<bool> hasSynced, OperatorMetrics metrics,
    TimeProvider time, ILogger logger)
{
    /// <summary>The path.</summary>
    public const string Path = GatewayReports.StreamsPath;

    /// <summary>Parts that are read at the same time.</summary>
    private const int MostAtOnce = 16;

    /// <summary>The entry of a part can be this much before that of the grant's activation, if the leader was slow to see it.</summary>
    private const long Margin = 1024;

    private readonly MemoryBudget _memory = new((long)MostAtOnce * RecordingFile.MostBytes, time);
    private readonly SemaphoreSlim _preparing = new(1);
    private bool _isPrepared;
    private long _files;

    public async Task ServeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Send parts of recordings with POST.");
            return;
        }

        if (RecordingQuery.Read(context.Request.Query) is not { } query)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "The query does not say what the part belongs to.");
            return;
        }

        if (!hasSynced())
        {
            await SayAsync(context, StatusCodes.Status503ServiceUnavailable, "The operator is starting. Send the part again.");
            return;
        }

        if (grants(query.Grant) is not { } grant || grant.Metadata.Uid != query.GrantUid)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"There is no grant {query.Grant} with the UID {query.GrantUid}.");
            return;
        }

        if (grant.Status is not { Path: SessionPath.Gateway, Recording.Record: RecordingMode.Streams })
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"The streams of the grant {query.Grant} are not recorded.");
            return;
        }

        using var room = await _memory.TakeAsync(RecordingFile.MostBytes, context.RequestAborted);
        if (room is null)
        {
            await SayAsync(context, StatusCodes.Status429TooManyRequests, "The operator reads too many parts at the moment. Send the part again.");
            return;
        }

        await TakeAsync(context, query, grant);
    }

    private async Task TakeAsync(HttpContext context, RecordingQuery query, BreakGlassGrant grant)
    {
        if (await ReadAsync(context) is not { } content)
        {
            await RefuseAsync(
                context, StatusCodes.Status413PayloadTooLarge, $"The part is larger than {RecordingFile.MostBytes / 1024 / 1024} MiB, the limit.");
            return;
        }

        if (content.Span is not [0x1F, 0x8B, ..])
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "The part is not a gzip file.");
            return;
        }

        try
        {
            if (!await StoreAsync(query, grant, content, context.RequestAborted))
            {
                await RefuseAsync(context, StatusCodes.Status409Conflict, $"{query.Path} is in the journal's storage already, with other content.");
                return;
            }

            metrics.AuditRecords(OperatorMetrics.Recordings, DeliveryResults.Delivered, 1);
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            metrics.AuditRecords(OperatorMetrics.Recordings, DeliveryResults.Failed, 1);
            logger.RecordingNotStored(query.Grant, query.Part.Stream, query.Part.Part, JournalFailure.Of(e));
            await SayAsync(context, StatusCodes.Status503ServiceUnavailable,
                "The journal's storage cannot be written; the operator's log says why. Send the part again.");
        }
    }

    /// <summary>
    /// Stores the part and hands over its entry; false if the part is there already with other bytes. Somebody who may create files in the storage can take
    /// the usual name of the next part, which must not stop the recording: the part is stored apart then, with a name that cannot be known before.
    /// </summary>
    private async Task<bool> StoreAsync(RecordingQuery query, BreakGlassGrant grant, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);

        // Before the part is there: no entry about it can be in the journal before this size.
        var size = await JournalHead.SizeAsync(storage, key, cancellationToken);
        var part = query.Part with { Hash = Convert.ToHexStringLower(SHA256.HashData(content.Span)), Size = content.Length };
        if (!await storage.CreateAsync(query.Path, content, cancellationToken))
        {
            if (!await IsThereAsync(query.Path, content, cancellationToken))
            {
                part = part with { Apart = true };
                var apart = RecordingFile.PathOf(query.GrantUid, part.Stream, part.Part, part.Hash)!;
                if (!await storage.CreateAsync(apart, content, cancellationToken) && !await IsThereAsync(apart, content, cancellationToken)) return false;
            }

            // It may have been sent before, and its entry can be in the journal since then.
            size = Math.Min(size, Math.Max(0, (ActivatedAt(grant) ?? 0) - Margin));
        }

        var entry = RecordingEntries.Of(grant, part);
        var path = SpoolFile.PathOf($"{observer}-recordings", Interlocked.Increment(ref _files) - 1);
        await storage.CreateAsync(path, SpoolFile.Write(path, size, [entry], key), cancellationToken);
        return true;
    }

    private async Task<bool> IsThereAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        await storage.ReadAsync(path, cancellationToken) is { } there && there.Span.SequenceEqual(content.Span);

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _isPrepared)) return;
        await _preparing.WaitAsync(cancellationToken);
        try
        {
            if (!_isPrepared) await storage.PrepareAsync(cancellationToken);
            Volatile.Write(ref _isPrepared, true);
        }
        finally
        {
            _preparing.Release();
        }
    }

    private static long? ActivatedAt(BreakGlassGrant grant) => grant.Status.Transitions.FirstOrDefault(t => t.To is GrantPhase.Active)?.JournalIndex;

    /// <summary>The body; null if it is too large.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > RecordingFile.MostBytes) return null;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = RecordingFile.MostBytes + 1;
        var body = new byte[(int)(context.Request.ContentLength ?? RecordingFile.MostBytes) + 1];
        try
        {
            var length = await context.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, context.RequestAborted);
            if (length <= RecordingFile.MostBytes) return body.AsMemory(0, length);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            // Said below.
        }

        return null;
    }

    private Task RefuseAsync(HttpContext context, int code, string sentence)
    {
        logger.RecordingRefused(sentence);
        return SayAsync(context, code, sentence);
    }

    private static async Task SayAsync(HttpContext context, int code, string sentence)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(sentence + "\n", context.RequestAborted);
    }
}
