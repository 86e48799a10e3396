namespace BreakGlass.Cli.Replay;

/// <summary>
/// Lets through what a recording may do to a terminal: text, colours, movements of the cursor, erasing, the alternate screen, the scroll region. Everything
/// else is dropped: titles, the clipboard, hyperlinks, questions that the terminal would answer as if somebody typed, modes of mouse and keyboard, images,
/// erasing what scrolled out of sight. docs/cli.md has the list. A sequence gets out whole or not at all, however it is split.
/// </summary>
/// <param name="plain">
/// Whether the sequences are dropped, too, so that text remains: a line for each line, and nothing that is not seen. The text of titles and the like is shown
/// in brackets, because somebody could hide output in it.
/// </param>
internal sealed class TerminalFilter(bool plain = false)
{
    /// <summary>The longest sequence. What is longer is dropped.</summary>
    private const int LongestSequence = 64;

    /// <summary>The longest text of a title and the like. What follows is shown: nothing long can be hidden in one that does not end.</summary>
    private const int LongestString = 4096;

    private const int MostDigits = 4;
    private const int MostNumbers = 32;

    private const char Escape = '\e';
    private const char Delete = '\u007F';

    private static readonly string[] Screens = ["47", "1047", "1049"];
    private static readonly string[] Modes = ["6", "7", "25", "1048", .. Screens];

    private readonly StringBuilder _out = new();
    private readonly StringBuilder _sequence = new();
    private State _state;
    private int _length;
    private bool _isAlternate;
    private bool _hasRegion;
    private bool _isAtLineStart = true;
    private bool _hasReturned;
    private char _high;

    private enum State
    {
        Text,
        Escape,
        Charset,
        Control,
        Ignored,
        String,
    }

    /// <summary>What may get out of a text that follows those before it.</summary>
    public string Pass(string text)
    {
        _out.Clear();
        foreach (var c in text) Take(c);
        return _out.ToString();
    }

    /// <summary>Forgets a sequence that has not ended, because what follows is missing.</summary>
    public void Interrupt() => _state = State.Text;

    /// <summary>What brings the terminal back to what it was, with the cursor on a line of its own.</summary>
    public string End()
    {
        _state = State.Text;
        if (plain) return _isAtLineStart ? "" : "\n";
        return (_isAlternate ? "\e[?1049l" : "") + (_hasRegion ? "\e[?6l\e[r\e[999;1H" : "") + "\e[0m\e(B\e)B\u000F\e[4l\e[?7h\e[?25h\n";
    }

    private void Take(char c)
    {
        if (_state is State.String && StaysInString(c)) return;
        switch (c)
        {
            case Escape:
                Begin(State.Escape);
                return;
            case '\u0018' or '\u001A':
                _state = State.Text;
                return;
            case < ' ':
                Control(c);
                return;
            case Delete:
                return;
            case >= '\u0080' and < '\u00A0':
                // The same as an escape and this letter.
                Second((char)(c - '@'));
                return;
        }

        if (c > Delete) _state = State.Text;
        switch (_state)
        {
            case State.Text:
                Text(c);
                break;
            case State.Escape:
                Second(c);
                break;
            case State.Charset:
                if (c is '0' or 'B' && _sequence[0] is '(' or ')') Sequence($"\e{_sequence}{c}", c);
                _state = c < '0' ? State.Charset : State.Text;
                if (c < '0') _sequence.Clear().Append('!');
                break;
            case State.Control when c >= '@':
                _state = State.Text;
                if (Allowed(_sequence.ToString(), c) is { } sequence) Sequence(sequence, c);
                break;
            case State.Control when _sequence.Length < LongestSequence:
                _sequence.Append(c);
                break;
            default:
                _state = c >= '@' ? State.Text : State.Ignored;
                break;
        }
    }

    /// <summary>Whether a character belongs to the string that is dropped. A line break ends it as well, and so does too long a text.</summary>
    private bool StaysInString(char c)
    {
        var isEnd = c is '\a' or '\u009C';
        if (!isEnd && c is not (Escape or '\n' or '\r' or '\u0018' or '\u001A') && ++_length <= LongestString)
        {
            if (plain && c >= ' ') Text(c);
            return true;
        }

        if (plain) Text(']');
        _state = State.Text;
        return isEnd;
    }

    private void Begin(State state)
    {
        _state = state;
        _sequence.Clear();
        _length = 0;
    }

    /// <summary>The character after an escape.</summary>
    private void Second(char c)
    {
        switch (c)
        {
            case '[':
                Begin(State.Control);
                break;
            case ']' or 'P' or 'X' or '^' or '_':
                Begin(State.String);
                if (plain) Text('[');
                break;
            case < '0':
                Begin(State.Charset);
                _sequence.Append(c);
                break;
            default:
                _state = State.Text;
                if (c is '7' or '8' or 'D' or 'E' or 'M') Sequence($"\e{c}", c);
                else if (c is 'c') Sequence("\e[0m\e(B\u000F\e[4l\e[?6l\e[?7h\e[?25h\e[r\e[H\e[2J", 'H');
                break;
        }
    }

    /// <summary>A sequence in the form in which it gets out; null if it does not.</summary>
    private string? Allowed(string parameters, char final)
    {
        if (parameters.StartsWith('?')) return final is 'h' or 'l' ? Mode(parameters[1..].Split(';'), final) : null;
        var numbers = parameters.Split(';');
        if (numbers.Length > MostNumbers || !Array.TrueForAll(numbers, n => IsNumber(n) || (final is 'm' && n.Split(':') is var sub
            && sub.Length <= MostNumbers && Array.TrueForAll(sub, IsNumber)))) return null;
        var isAllowed = final switch
        {
            'm' => true,
            'A' or 'B' or 'C' or 'D' or 'E' or 'F' or 'G' or 'I' or 'Z' or '`' or 'a' or 'd' or 'e' => numbers.Length == 1,
            '@' or 'L' or 'M' or 'P' or 'X' or 'S' or 'T' or 'b' => numbers.Length == 1,
            'H' or 'f' or 'r' => numbers.Length <= 2,
            'J' or 'K' => parameters is "" or "0" or "1" or "2",
            's' or 'u' => parameters.Length == 0,
            'h' or 'l' => parameters is "4",
            _ => false,
        };
        _hasRegion |= isAllowed && final is 'r';
        return isAllowed ? $"\e[{parameters}{final}" : null;
    }

    private string? Mode(string[] numbers, char final)
    {
        var allowed = numbers.Where(n => Modes.Contains(n, StringComparer.Ordinal)).ToList();
        if (allowed.Exists(n => Screens.Contains(n, StringComparer.Ordinal))) _isAlternate = final is 'h';
        _hasRegion |= allowed.Contains("6");
        return allowed.Count > 0 ? $"\e[?{string.Join(';', allowed)}{final}" : null;
    }

    private static bool IsNumber(string text) => text.Length <= MostDigits && text.All(char.IsAsciiDigit);

    /// <summary>A control character. It counts within a sequence as well, which goes on after it.</summary>
    private void Control(char c)
    {
        if (c is '\v' or '\f') c = '\n';
        if (!plain)
        {
            if (c is '\b' or '\t' or '\n' or '\r' or '\u000E' or '\u000F') _out.Append(c);
            return;
        }

        if (c is '\r') _hasReturned = true;
        else if (c is '\n') NewLine();
        else if (c is '\t') Text(c);
    }

    private void Text(char c)
    {
        if (!plain)
        {
            _out.Append(c);
            return;
        }

        // What was written over is not lost.
        if (_hasReturned && !_isAtLineStart) NewLine();
        (_isAtLineStart, _hasReturned) = (false, false);
        if (char.IsHighSurrogate(c))
        {
            _high = c;
            return;
        }

        var rune = char.IsLowSurrogate(c) ? Rune.TryCreate(_high, c, out var pair) ? pair : Rune.ReplacementChar : new Rune(c);
        if (c != '\t' && VisibleText.IsInvisible(rune)) _out.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X}}}");
        else _out.Append(rune.ToString());
    }

    private void Sequence(string text, char final)
    {
        if (!plain) _out.Append(text);
        else if (final is 'H' or 'f' or 'd' or 'e' or 'B' or 'E' or 'F' or 'M' && !_isAtLineStart) NewLine();
        else if (final is 'C' or 'G' or '`' or 'a' && !_isAtLineStart) Text(' ');
    }

    private void NewLine()
    {
        _out.Append('\n');
        (_isAtLineStart, _hasReturned) = (true, false);
    }
}
