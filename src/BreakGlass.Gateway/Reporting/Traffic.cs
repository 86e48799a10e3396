namespace BreakGlass.Gateway.Reporting;

/// <summary>How many bytes went over a request or stream. Thread-safe.</summary>
internal sealed class Traffic
{
    private long _in;
    private long _out;

    /// <summary>From the client.</summary>
    public long BytesIn => Interlocked.Read(ref _in);

    /// <summary>To the client.</summary>
    public long BytesOut => Interlocked.Read(ref _out);

    /// <summary>The client sent bytes.</summary>
    public void In(int bytes) => Interlocked.Add(ref _in, bytes);

    /// <summary>The client is sent bytes.</summary>
    public void Out(int bytes) => Interlocked.Add(ref _out, bytes);
}
