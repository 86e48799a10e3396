using System.Text.Json.Nodes;

namespace BreakGlass.Core.Sealing;

/// <summary>
/// Who did it, written into the manifest in place of whatever stood there. Works on the manifest as it came, so that nothing in it is lost that
/// this version does not know.
/// </summary>
public static class Stamps
{
    /// <summary>Stamps a new object's spec.</summary>
    /// <param name="kind">One of our kinds; others are left as they are.</param>
    /// <param name="spec">The spec; changed.</param>
    /// <param name="caller">The authenticated caller, with all that the API server said.</param>
    /// <param name="grantUid">Of an approval or review: UID of the grant that it is about, as it exists now.</param>
    /// <param name="kept">What of the caller is kept.</param>
    public static void OnCreate(string kind, JsonObject spec, Caller caller, string? grantUid, CallerStamp kept)
    {
        switch (kind)
        {
            case nameof(BreakGlassGrant):
                spec["requester"] = Node(kept.Of(caller));
                if (spec["revoke"] is JsonObject revoke) revoke["by"] = Node(CallerStamp.Brief(caller));
                break;
            case nameof(BreakGlassApproval):
                spec["approver"] = Node(kept.Of(caller));
                spec["grantUid"] = grantUid;
                break;
            case nameof(BreakGlassReview):
                spec["reviewer"] = Node(kept.Of(caller));
                spec["grantUid"] = grantUid;
                break;
            case nameof(BreakGlassLockdown):
                spec["by"] = Node(CallerStamp.Brief(caller));
                break;
        }
    }

    /// <summary>Stamps a changed object's spec: what was stamped at first stays, and a revocation that is new gets its stamp.</summary>
    /// <param name="kind">One of our kinds.</param>
    /// <param name="spec">The spec as it would be stored; changed.</param>
    /// <param name="old">The spec as it is stored.</param>
    /// <param name="caller">Who changes it, with all that the API server said.</param>
    public static void OnUpdate(string kind, JsonObject spec, JsonObject old, Caller caller)
    {
        switch (kind)
        {
            case nameof(BreakGlassGrant):
                Keep(spec, old, "requester");
                if (spec["revoke"] is not JsonObject revoke) break;
                if (old["revoke"] is JsonObject before) Keep(revoke, before, "by");
                else revoke["by"] = Node(CallerStamp.Brief(caller));
                break;
            case nameof(BreakGlassApproval):
                Keep(spec, old, "approver");
                Keep(spec, old, "grantUid");
                break;
            case nameof(BreakGlassReview):
                Keep(spec, old, "reviewer");
                Keep(spec, old, "grantUid");
                break;
            case nameof(BreakGlassLockdown):
                Keep(spec, old, "by");
                break;
        }
    }

    private static void Keep(JsonObject spec, JsonObject old, string member)
    {
        if (old[member] is { } stamped) spec[member] = stamped.DeepClone();
        else spec.Remove(member);
    }

    private static JsonNode? Node(Caller caller) => JsonSerializer.SerializeToNode(caller, BreakGlassApi.Json<Caller>());
}
