namespace BreakGlass.Gateway.Proxying;

/// <summary>
/// Passes the body of an answer on as it comes. What comes at once is sent at once, up to a buffer: one write for each part of a large list costs more than
/// all else. While nothing comes, as in a watch, there is no buffer.
/// </summary>
/// <param name="body">What the API server sends.</param>
/// <param name="to">Where it goes.</param>
/// <param name="sending">Called with what is sent next.</param>
internal sealed class AnswerBody(Stream body, HttpResponse to, Action<ReadOnlyMemory<byte>> sending)
{
    private const int BufferSize = 64 * 1024;

    /// <summary>After a read of so many bytes, more is on its way.</summary>
    private const int Much = 8 * 1024;

    private byte[]? _buffer;
    private int _from;
    private int _until;

    /// <summary>Passes it on whole.</summary>
    /// <param name="isSmall">Whether all of it comes at once: then the headers are sent with it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task PassAsync(bool isSmall, CancellationToken cancellationToken)
    {
        for (var read = 0; ;)
        {
            if (read < Much) await WaitAsync(isSmall, cancellationToken);
            if (_until == _buffer?.Length) await SendAsync(cancellationToken);
            _buffer ??= ArrayPool<byte>.Shared.Rent(BufferSize);
            var reading = body.ReadAsync(_buffer.AsMemory(_until), cancellationToken);
            if (!reading.IsCompleted && _from < _until) await SendAsync(cancellationToken);
            read = await reading;
            if (read == 0) break;
            _until += read;
        }

        if (_from < _until && !to.HasStarted)
        {
            // The whole body: it is sent together with the headers and the end of the answer. Nothing is waited for after this, so that an answer that is cut
            // has not begun.
            sending(_buffer.AsMemory(_from, _until - _from));
            to.BodyWriter.Write(_buffer.AsSpan(_from, _until - _from));
        }
        else if (_from < _until)
        {
            await SendAsync(cancellationToken);
        }

        Return();
    }

    /// <summary>Waits for something to read.</summary>
    private async Task WaitAsync(bool isSmall, CancellationToken cancellationToken)
    {
        var waiting = body.ReadAsync(Memory<byte>.Empty, cancellationToken);
        if (!waiting.IsCompleted)
        {
            if (_from < _until) await SendAsync(cancellationToken);
            else if (!to.HasStarted && !isSmall) await to.BodyWriter.FlushAsync(cancellationToken);
            Return();
        }

        await waiting;
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        var next = _buffer.AsMemory(_from, _until - _from);
        sending(next);
        await to.Body.WriteAsync(next, cancellationToken);

        // A read may be under way into what is behind it.
        _from = _until;
        if (_until == _buffer!.Length) (_from, _until) = (0, 0);
    }

    /// <summary>Gives the buffer back; after an exception it is not, because something may still read into it.</summary>
    private void Return()
    {
        if (_buffer is not { } buffer) return;
        (_buffer, _from, _until) = (null, 0, 0);
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
