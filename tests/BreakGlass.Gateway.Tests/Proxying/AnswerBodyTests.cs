using System.Security.Cryptography;
using BreakGlass.Gateway.Proxying;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Proxying;

public sealed class AnswerBodyTests
{
    [Fact]
    public async Task Every_byte_arrives_in_order_however_the_pieces_come()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var pieces = Enumerable.Range(0, random.Next(1, 12)).Select(_ => Piece(random)).ToList();
            var source = new PiecesStream(pieces, random);
            var context = new DefaultHttpContext();
            var arrived = new MemoryStream();
            context.Response.Body = arrived;
            var sent = 0;
            await new AnswerBody(source, context.Response, next => sent += next.Length).PassAsync(isSmall: seed % 2 == 0, CancellationToken.None)
                .Soon("the whole answer");
            await context.Response.BodyWriter.FlushAsync();
            arrived.ToArray().Should().Equal(pieces.SelectMany(p => p), $"seed {seed}");
            sent.Should().Be(pieces.Sum(p => p.Length), $"seed {seed}");
        }
    }

    [Fact]
    public async Task What_has_come_is_sent_before_more_is_waited_for()
    {
        foreach (var size in (int[])[1, 100, 8 * 1024, 16 * 1024, 64 * 1024, 100_000])
        {
            var piece = RandomNumberGenerator.GetBytes(size);
            var source = new PiecesStream([piece, [1]], new Random(1)) { HoldsLast = true };
            var context = new DefaultHttpContext();
            var arrived = new Arrivals(size);
            context.Response.Body = arrived;
            var passing = new AnswerBody(source, context.Response, static _ => { }).PassAsync(isSmall: false, CancellationToken.None);
            await source.IsHeld.Soon("a read of what is not there yet");
            await arrived.IsThere.Soon($"{size} bytes while the rest is waited for");
            arrived.ToArray().Should().Equal(piece, $"of {size} bytes");
            source.Release();
            await passing.Soon("the end");
            await context.Response.BodyWriter.FlushAsync();
            arrived.Length.Should().Be(size + 1);
        }
    }

    private static byte[] Piece(Random random)
    {
        var piece = new byte[random.Next(4) switch { 0 => random.Next(1, 200), 1 => 16 * 1024, 2 => random.Next(1, 64 * 1024), _ => 150_000 }];
        random.NextBytes(piece);
        return piece;
    }

    /// <summary>Says when so many bytes have been written.</summary>
    private sealed class Arrivals(int expected) : MemoryStream
    {
        private readonly TaskCompletionSource _isThere = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task IsThere => _isThere.Task;

        public override void Write(byte[] buffer, int offset, int count)
        {
            base.Write(buffer, offset, count);
            if (Length >= expected) _isThere.TrySetResult();
        }
    }

    /// <summary>A body that comes in pieces, some of them at once and some later.</summary>
    private sealed class PiecesStream(IReadOnlyList<byte[]> pieces, Random random) : MemoryStream
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _piece;
        private int _at;
        private bool _isThere;

        /// <summary>Whether the last piece comes only when it is released.</summary>
        public bool HoldsLast { get; init; }

        /// <summary>Ends once the last piece was asked for.</summary>
        public Task IsHeld => _held.Task;

        public void Release() => _released.SetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_piece == pieces.Count) return 0;
            if (!_isThere)
            {
                if (HoldsLast && _piece == pieces.Count - 1)
                {
                    _held.TrySetResult();
                    await _released.Task;
                }
                else if (random.Next(2) == 0)
                {
                    await Task.Yield();
                }

                _isThere = true;
            }

            // As over TLS: no more than a record at a time.
            var count = Math.Min(Math.Min(buffer.Length, pieces[_piece].Length - _at), 16 * 1024);
            pieces[_piece].AsSpan(_at, count).CopyTo(buffer.Span);
            _at += count;
            if (_at == pieces[_piece].Length) (_piece, _at, _isThere) = (_piece + 1, 0, false);
            return count;
        }
    }
}
