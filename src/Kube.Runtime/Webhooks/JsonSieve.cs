namespace Kube.Runtime;

/// <summary>
/// Copies only the wanted fields of a JSON text while the text is being read: what is skipped, however long, is never in memory. It does not check what it
/// skips; what it keeps is valid JSON if the text is.
/// </summary>
/// <param name="wanted">
/// The fields by path, e.g. <c>request.object.type</c>; each is a string, number or literal. Objects and arrays in their place become null.
/// </param>
internal sealed class JsonSieve(JsonSieve.Fields wanted)
{
    /// <summary>The longest value that is kept; a longer one becomes an empty string.</summary>
    public const int MaxValue = 4096;

    private static readonly SearchValues<byte> StringEnds = SearchValues.Create("\"\\"u8);

    private readonly ArrayBufferWriter<byte> _kept = new(1024);
    private readonly ArrayBufferWriter<byte> _text = new(256);
    private readonly Stack<Frame> _frames = new();
    private Fields? _value = wanted;
    private State _state = State.Value;
    private int _skipped;
    private bool _escaped;

    private enum State
    {
        /// <summary>A value comes next; <see cref="_value"/> says what is wanted of it.</summary>
        Value,

        /// <summary>In a string that is a value.</summary>
        Text,

        /// <summary>In a number or literal.</summary>
        Literal,

        /// <summary>A name, a comma, or the end of an object comes next.</summary>
        Member,

        /// <summary>In the name of a member.</summary>
        Name,

        /// <summary>The colon after it comes next.</summary>
        Colon,

        /// <summary>In an object or array that is not wanted; <see cref="_skipped"/> deep.</summary>
        Skip,

        /// <summary>In a string there.</summary>
        SkipText,

        /// <summary>Past the end.</summary>
        End,
    }

    /// <summary>What was kept so far.</summary>
    public ReadOnlyMemory<byte> Kept => _kept.WrittenMemory;

    /// <summary>Takes the next piece of the text.</summary>
    public void Write(ReadOnlySpan<byte> piece)
    {
        while (piece.Length > 0)
        {
            if (_state is State.Text or State.Name or State.SkipText) piece = InString(piece);
            else if (_state is State.Skip) piece = Skip(piece);
            else
            {
                // A literal ends with what comes after it.
                if (_state is State.Literal && piece[0] is (byte)',' or (byte)'}' or (byte)']' or <= (byte)' ')
                {
                    EndValue(quoted: false);
                    continue;
                }

                Take(piece[0]);
                piece = piece[1..];
            }
        }
    }

    private ReadOnlySpan<byte> InString(ReadOnlySpan<byte> piece)
    {
        if (_escaped)
        {
            Keep(piece[..1]);
            _escaped = false;
            return piece[1..];
        }

        var end = piece.IndexOfAny(StringEnds);
        if (end < 0)
        {
            Keep(piece);
            return default;
        }

        Keep(piece[..end]);
        if (piece[end] == (byte)'\\')
        {
            Keep(piece.Slice(end, 1));
            _escaped = true;
        }
        else if (_state is State.SkipText) _state = _skipped > 0 ? State.Skip : After();
        else if (_state is State.Name) _state = State.Colon;
        else EndValue(quoted: true);
        return piece[(end + 1)..];
    }

    private ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> piece)
    {
        for (var i = 0; i < piece.Length; i++)
        {
            switch (piece[i])
            {
                case (byte)'"':
                    _state = State.SkipText;
                    return piece[(i + 1)..];
                case (byte)'{' or (byte)'[':
                    _skipped++;
                    break;
                case (byte)'}' or (byte)']':
                    if (--_skipped > 0) break;
                    _state = After();
                    return piece[(i + 1)..];
            }
        }

        return default;
    }

    private void Take(byte b)
    {
        if (b <= (byte)' ' || _state is State.End) return;
        switch (_state, b)
        {
            case (State.Member, (byte)'"'):
                _text.ResetWrittenCount();
                _state = State.Name;
                break;
            case (State.Member, (byte)'}'):
                _frames.Pop();
                Put("}"u8);
                _state = After();
                break;
            case (State.Colon, _):
                Choose();
                break;
            case (State.Value, (byte)'{') when _value is { IsLeaf: false } of:
                Put("{"u8);
                _frames.Push(new(of));
                _state = State.Member;
                break;
            case (State.Value, (byte)'{' or (byte)'['):
                if (_value is not null) Put("null"u8);
                _skipped = 1;
                _state = State.Skip;
                break;
            case (State.Value, (byte)'"'):
                _text.ResetWrittenCount();
                _skipped = 0;
                _state = _value is { IsLeaf: true } ? State.Text : State.SkipText;
                if (_value is { IsLeaf: false }) Put("null"u8);
                break;
            case (State.Value, _):
                _text.ResetWrittenCount();
                _state = State.Literal;
                Keep([b]);
                break;
            case (State.Literal, _):
                Keep([b]);
                break;
        }
    }

    // After a member's name: whether its value is wanted.
    private void Choose()
    {
        var frame = _frames.Peek();
        _value = frame.Of.Child(_text.WrittenSpan);
        _state = State.Value;
        if (_value is null) return;
        if (frame.HasMembers) Put(","u8);
        frame.HasMembers = true;
        Put("\""u8);
        Put(_text.WrittenSpan);
        Put("\":"u8);
    }

    private void EndValue(bool quoted)
    {
        if (_value is not null)
        {
            var fits = _text.WrittenCount <= MaxValue;
            if (quoted || !fits) Put("\""u8);
            if (fits) Put(_text.WrittenSpan);
            if (quoted || !fits) Put("\""u8);
        }

        _state = After();
    }

    private State After() => _frames.Count > 0 ? State.Member : State.End;

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_state is State.SkipText || _text.WrittenCount > MaxValue) return;

        // One more than the most, so that it shows that there was more.
        bytes = bytes[..Math.Min(bytes.Length, MaxValue + 1 - _text.WrittenCount)];
        bytes.CopyTo(_text.GetSpan(bytes.Length));
        _text.Advance(bytes.Length);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_kept.GetSpan(bytes.Length));
        _kept.Advance(bytes.Length);
    }

    private sealed class Frame(Fields of)
    {
        public Fields Of => of;

        public bool HasMembers { get; set; }
    }

    /// <summary>The fields that are wanted, as a tree.</summary>
    internal sealed class Fields
    {
        private readonly List<(byte[] Name, Fields Below)> _children = [];

        /// <param name="paths">The fields by path, e.g. <c>request.object.type</c>.</param>
        public Fields(IEnumerable<string> paths)
        {
            foreach (var path in paths)
            {
                var at = this;
                foreach (var name in path.Split('.')) at = at.Add(Encoding.UTF8.GetBytes(name));
            }
        }

        /// <summary>Whether it is a field itself.</summary>
        public bool IsLeaf => _children.Count == 0;

        /// <summary>What is wanted of a member; null for nothing.</summary>
        public Fields? Child(ReadOnlySpan<byte> name)
        {
            foreach (var (known, below) in _children)
            {
                if (name.SequenceEqual(known)) return below;
            }

            return null;
        }

        private Fields Add(byte[] name)
        {
            if (Child(name) is { } there) return there;
            var below = new Fields([]);
            _children.Add((name, below));
            return below;
        }
    }
}
