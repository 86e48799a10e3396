using System.Text;

namespace Integration.Gateway;

/// <summary>HTTP/2 as an attacker writes it: frames that no client sends.</summary>
internal static class Http2Frames
{
    public const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, GoAway = 7;

    private const byte EndStream = 1, EndHeaders = 4;

    /// <summary>The beginning of a connection.</summary>
    public static byte[] Preface { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])];

    /// <summary>The headers of a request on stream 1, each as it is.</summary>
    public static byte[] Request(bool hasBody, params (string Name, string Value)[] headers) => Frame(
        Headers, (byte)(EndHeaders | (hasBody ? 0 : EndStream)), 1, [.. headers.SelectMany(h => (byte[])[0x10, .. Text(h.Name), .. Text(h.Value)])]);

    /// <summary>The whole body.</summary>
    public static byte[] Body(string text) => Frame(Data, EndStream, 1, Encoding.Latin1.GetBytes(text));

    /// <summary>Reads until the answer to stream 1 begins, or it or the connection is refused; gives the type of that frame.</summary>
    public static async Task<byte> AnswerAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var type = await ReadAsync(stream, cancellationToken);
                if (type is Headers or Reset or GoAway) return type;
            }
        }
        catch (IOException)
        {
            return GoAway;
        }
    }

    /// <summary>Reads until the other side says that it takes no more requests (GOAWAY); false if the connection ends without it.</summary>
    public static async Task<bool> GoesAwayAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            byte type;
            do type = await ReadAsync(stream, cancellationToken);
            while (type != GoAway);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Reads a frame, and gives its type.</summary>
    private static async Task<byte> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[9];
        await stream.ReadExactlyAsync(head, cancellationToken);
        await stream.ReadExactlyAsync(new byte[(head[0] << 16) | (head[1] << 8) | head[2]], cancellationToken);
        return head[3];
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload) =>
    [
        (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags,
        (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream, .. payload,
    ];

    /// <summary>A text without Huffman coding (RFC 7541, 5.2).</summary>
    private static byte[] Text(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        return bytes.Length < 127 ? [(byte)bytes.Length, .. bytes]
            : bytes.Length < 255 ? [127, (byte)(bytes.Length - 127), .. bytes] : throw new ArgumentException("too long for this", nameof(text));
    }
}
