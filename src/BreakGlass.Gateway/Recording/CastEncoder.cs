namespace BreakGlass.Gateway.Recording;

/// <summary>
/// Makes the parts of a recording: each a gzip file of its own, no larger than a part may be; unpacked and one after another they are one asciicast. After
/// something that is missing, another part begins, which says how much.
/// </summary>
/// <param name="writer">Writes the lines.</param>
internal sealed class CastEncoder(CastWriter writer)
{
    private int _number;

    /// <summary>How many parts were made.</summary>
    public int Parts => _number;

    /// <summary>
    /// The parts of what happened. All of it is in them when the enumeration has ended, so that a part is never open for longer than a call. One part at a
    /// time is in memory.
    /// </summary>
    /// <param name="messages">What happened since the last call.</param>
    /// <param name="end">The end of the stream, if that happened as well.</param>
    public IEnumerable<CastPart> Encode(IReadOnlyList<TapedMessage> messages, TapeEnd? end)
    {
        var (file, missing, at) = (new PartFile(), 0L, TimeSpan.Zero);
        try
        {
            foreach (var message in messages)
            {
                if (message.Missing > 0)
                {
                    if (!file.IsEmpty)
                    {
                        yield return Close(file, at, missing);
                        file = new();
                    }

                    missing = message.Missing;
                    file.Write(writer.Gap(message.At, missing));
                }

                at = message.At;
                for (var from = 0; from < message.Data.Length;)
                {
                    // A Status or a size is read whole, and is small.
                    var length = IsText(message.Channel) ? Math.Min(CastWriter.MostBytes, message.Data.Length - from) : message.Data.Length;
                    var lines = writer.Write(at, message.Channel, message.Data.AsSpan(from, length));
                    from += length;
                    if (file.HasRoom(lines.Length))
                    {
                        file.Write(lines);
                        continue;
                    }

                    var next = new PartFile();
                    next.Write(lines);
                    yield return Close(file, at, missing);
                    (file, missing) = (next, 0);
                }
            }

            if (end is null)
            {
                if (!file.IsEmpty) yield return Close(file, at, missing);
                yield break;
            }

            if (end.Missing > 0)
            {
                if (!file.IsEmpty)
                {
                    yield return Close(file, at, missing);
                    file = new();
                }

                missing = end.Missing;
                file.Write(writer.Gap(end.At, missing));
            }

            file.Write(writer.End(end.At, end.Why));
            yield return Close(file, end.At, missing, isLast: true);
        }
        finally
        {
            file.Dispose();
        }
    }

    private static bool IsText(byte channel) => channel is ChannelMessage.Input or ChannelMessage.Output or ChannelMessage.ErrorOutput;

    private CastPart Close(PartFile file, TimeSpan at, long missing, bool isLast = false) => new(_number++, file.Close(), at, missing, isLast);
}
