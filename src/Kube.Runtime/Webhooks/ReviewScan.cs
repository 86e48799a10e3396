namespace Kube.Runtime;

/// <summary>
/// What can be said of an AdmissionReview without keeping anything of it, also of its beginning alone: the API server writes uid and user first,
/// then the object, then the old one.
/// </summary>
/// <param name="Uid">The request's uid; null if it was not seen.</param>
/// <param name="Username">Who asks; null if it was not seen.</param>
/// <param name="ObjectBytes">The length of the object that is to be stored, as far as it was seen.</param>
/// <param name="Tokens">How many JSON tokens there are.</param>
/// <param name="IsCreate">Whether a new object is to be stored; so it is taken to be as long as the operation was not seen.</param>
internal readonly record struct ReviewScan(string? Uid, string? Username, long ObjectBytes, int Tokens, bool IsCreate)
{
    private enum Field
    {
        Other,
        Uid,
        User,
        Operation,
        Object,
    }

    /// <summary>Looks through the text up to where it ends or cannot be read.</summary>
    public static ReviewScan Of(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, isFinalBlock: false, default);
        string? uid = null, username = null;
        long start = -1, end = -1;
        var (tokens, inRequest, isName, isCreate, field) = (0, false, false, true, Field.Other);
        try
        {
            while (reader.Read())
            {
                tokens++;
                var depth = reader.CurrentDepth;
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName when depth == 1:
                        inRequest = reader.ValueTextEquals("request"u8);
                        break;
                    case JsonTokenType.PropertyName when depth == 2 && inRequest:
                        if (field is Field.Object && end < 0) end = reader.TokenStartIndex;
                        field = FieldOf(ref reader);
                        if (field is Field.Object) (start, end) = (reader.BytesConsumed, -1);
                        break;
                    case JsonTokenType.PropertyName when depth == 3 && field is Field.User:
                        isName = reader.ValueTextEquals("username"u8);
                        break;
                    case JsonTokenType.String when depth == 2 && inRequest && field is Field.Uid:
                        uid = reader.GetString();
                        break;
                    case JsonTokenType.String when depth == 2 && inRequest && field is Field.Operation:
                        isCreate = !reader.ValueTextEquals("UPDATE"u8) && !reader.ValueTextEquals("DELETE"u8);
                        break;
                    case JsonTokenType.String when depth == 3 && field is Field.User && isName:
                        username = reader.GetString();
                        break;
                    case JsonTokenType.EndObject when depth == 1 && field is Field.Object && end < 0:
                        end = reader.TokenStartIndex;
                        break;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The parser reports it; what stands before it counts.
        }

        return new(uid, username, start < 0 ? 0 : (end < 0 ? text.Length : end) - start, tokens, isCreate);
    }

    private static Field FieldOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("uid"u8) ? Field.Uid
        : reader.ValueTextEquals("userInfo"u8) ? Field.User
        : reader.ValueTextEquals("operation"u8) ? Field.Operation
        : reader.ValueTextEquals("object"u8) ? Field.Object
        : Field.Other;
}
