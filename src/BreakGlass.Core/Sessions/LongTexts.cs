namespace BreakGlass.Core.Sessions;

/// <summary>
/// Shortens the texts of JSON that arrives in pieces, and lists of texts. A client can send a megabyte of URI, of user agent, or of addresses. A few
/// such requests must not make the batch that they are in too large to be read, because the other requests of that batch would not be recorded.
/// </summary>
public sealed class LongTexts
{
    /// <summary>The most characters of a text. The reader of audit events keeps none that is longer.</summary>
    public const int Longest = 4096;

    /// <summary>The most texts of a list, besides its last one.</summary>
    public const int MostInList = 32;

    /// <summary>By how many bytes what is kept of a piece can be longer than the piece: the last text of a list, which came with a piece before.</summary>
    public const int Slack = 128;

    private readonly byte[] _last = new byte[Slack];
    private bool _isText;
    private bool _isEscape;
    private int _hexDigits;
    private bool _isHighHalf;
    private int _length;
    private bool _isList;
    private int _inList;
    private int _dropped;
    private int _lastLength;

    /// <summary>Copies what is kept of a piece. What was not valid JSON is not valid afterwards.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="to">Where it is copied to; longer than the piece by <see cref="Slack"/>.</param>
    /// <returns>The number of bytes that are kept.</returns>
    public int Cut(ReadOnlySpan<byte> piece, Span<byte> to)
    {
        var kept = 0;
        foreach (var b in piece)
        {
            var isInText = _isText;
            var keeps = Keeps(b);
            if (_dropped == 0)
            {
                if (!isInText && EndsList(b)) _dropped = 1;
                else if (keeps) to[kept++] = b;
            }

            if (_dropped == 0) continue;
            if (isInText || _isText)
            {
                if (!isInText) _lastLength = 0;
                if (keeps && _lastLength++ < Slack - 1) _last[_lastLength - 1] = b;
            }
            else if (b is (byte)'[' or (byte)'{')
            {
                _dropped++;
            }
            else if (b is (byte)']' or (byte)'}' && --_dropped == 0)
            {
                // The last of the addresses of a request is the one that no client chooses.
                if (_lastLength is > 0 and < Slack)
                {
                    to[kept++] = (byte)',';
                    _last.AsSpan(0, _lastLength).CopyTo(to[kept..]);
                    kept += _lastLength;
                }

                to[kept++] = b;
            }
        }

        return kept;
    }

    /// <summary>Whether a list of texts has so many by now that the rest is left out, from its comma on.</summary>
    private bool EndsList(byte b)
    {
        if (b is (byte)'[' or (byte)'{' or (byte)']' or (byte)'}') (_isList, _inList) = (b == '[', 0);
        else if (b == '"') _inList++;
        var ends = b == ',' && _isList && _inList >= MostInList;
        if (ends) (_isList, _lastLength) = (false, 0);
        return ends;
    }

    /// <summary>Whether a byte is kept where it is.</summary>
    private bool Keeps(byte b)
    {
        if (!_isText)
        {
            (_isText, _length, _isHighHalf) = (b == '"', 0, false);
            return true;
        }

        if (_isEscape || _hexDigits > 0)
        {
            // Of one character, all or nothing: this is not its first byte.
            _isHighHalf = _hexDigits == 4 ? (b | 0x20) == 'd' : _isHighHalf && (_hexDigits != 3 || "89abAB".Contains((char)b));
            (_hexDigits, _isEscape) = (_isEscape ? b == 'u' ? 4 : 0 : _hexDigits - 1, false);
            return _length <= Longest;
        }

        if (b == '"')
        {
            _isText = false;
            return true;
        }

        // The second half of a pair belongs to the first.
        if ((b & 0xC0) != 0x80 && _length <= Longest && !_isHighHalf) _length++;
        (_isEscape, _isHighHalf) = (b == '\\', false);
        return _length <= Longest;
    }
}
