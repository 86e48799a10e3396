namespace Kube.Client;

/// <summary>
/// Reads a list object by object while it comes in, so that no more of its text is in memory than one object. One that cannot be read does not cost
/// the others.
/// </summary>
internal sealed class ListReader<T>(KubeKind<T> kind, Func<T, T>? shed, Action<SkippedObject>? skipped, int most)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private const int FirstSize = 64 * 1024;

    private readonly List<T> _items = [];
    private JsonReaderState _state;
    private V1ListMeta _metadata = new();
    private bool _isList;
    private Part _part;

    /// <summary>Where the reader is: between the members of the list, before the value of one, or between the items.</summary>
    private enum Part
    {
        Members,
        Metadata,
        Items,
        Item,
        Other,
    }

    /// <param name="response">The answer.</param>
    /// <param name="kind">What the objects are.</param>
    /// <param name="shed">Gives an object without what the caller does not need.</param>
    /// <param name="skipped">Called with what cannot be read.</param>
    /// <param name="most">After this many objects the rest of the answer is left unread.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="JsonException">It is not a list.</exception>
    public static async ValueTask<KubeList<T>> ReadAsync(
        HttpResponseMessage response, KubeKind<T> kind, Func<T, T>? shed, Action<SkippedObject>? skipped, int most, CancellationToken cancellationToken)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using (stream)
        {
            return await new ListReader<T>(kind, shed, skipped, most).ReadAsync(stream, cancellationToken);
        }
    }

    private async Task<KubeList<T>> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstSize);
        try
        {
            var length = 0;
            for (var ended = false; !ended && _items.Count < most;)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
                ended = read == 0;
                length += read;
                var used = Take(buffer.AsMemory(0, length), ended);
                buffer.AsSpan(used, length - used).CopyTo(buffer);
                length -= used;
                if (length == buffer.Length) buffer = Larger(buffer, length);
            }

            return _isList ? new() { Metadata = _metadata, Items = _items } : throw new JsonException("a list without items");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private static byte[] Larger(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        return larger;
    }

    /// <summary>Takes what is whole, and says how many bytes that was.</summary>
    private int Take(ReadOnlyMemory<byte> text, bool ended)
    {
        var reader = new Utf8JsonReader(text.Span, ended, _state);
        var used = 0;
        while (_items.Count < most && Step(text, ref reader)) (used, _state) = ((int)reader.BytesConsumed, reader.CurrentState);
        return used;
    }

    /// <summary>One token, or one whole value; false where there is not enough text for it.</summary>
    private bool Step(ReadOnlyMemory<byte> text, ref Utf8JsonReader reader)
    {
        if (!reader.Read()) return false;
        switch (_part)
        {
            case Part.Members when reader.TokenType is JsonTokenType.PropertyName:
                _part = reader.ValueTextEquals("items"u8) ? Part.Items : reader.ValueTextEquals("metadata"u8) ? Part.Metadata : Part.Other;
                return true;
            case Part.Members:
                return reader.TokenType is JsonTokenType.StartObject or JsonTokenType.EndObject ? true : throw new JsonException("a list is a JSON object");
            case Part.Items when reader.TokenType is JsonTokenType.StartArray:
                (_isList, _part) = (true, Part.Item);
                return true;
            case Part.Item when reader.TokenType is JsonTokenType.EndArray:
                _part = Part.Members;
                return true;
        }

        var start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip()) return false;
        var value = text[start..(int)reader.BytesConsumed];
        switch (_part)
        {
            case Part.Item:
                AddItem(value);
                return true;
            case Part.Items:
                _isList = true; // null: there are none
                break;
            case Part.Metadata:
                _metadata = JsonSerializer.Deserialize(value.Span, KubeModels.Json<V1ListMeta>()) ?? new();
                break;
        }

        _part = Part.Members;
        return true;
    }

    private void AddItem(ReadOnlyMemory<byte> text)
    {
        try
        {
            if (JsonSerializer.Deserialize(text.Span, kind.Json) is { } item) _items.Add(shed is null ? item : shed(item));
        }
        catch (Exception e) when (Decoding.IsDecodeError(e))
        {
            skipped?.Invoke(new SkippedObject(kind.Resource.ToString(), Decoding.KeyOf(text), e));
        }
    }
}
