using System.Text;

namespace Kube.Client.Tests;

/// <summary>
/// A body that comes later than its headers: whoever reads it waits, and a synchronous read holds its thread meanwhile, as with a connection.
/// </summary>
internal sealed class LateStream(string text, Task there) : MemoryStream(Encoding.UTF8.GetBytes(text))
{
    public override int Read(byte[] buffer, int offset, int count)
    {
        ((IAsyncResult)there).AsyncWaitHandle.WaitOne();
        return base.Read(buffer, offset, count);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await there.WaitAsync(cancellationToken);
        return await base.ReadAsync(buffer, cancellationToken);
    }
}
