using System.Text.Json.Nodes;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Core.Sealing;

/// <summary>
/// Who did it, written into the manifest in place of whatever stood there. Works on the manifest as it came, so that nothing in it is lost that
/// this version does not know.
/// </summary>
public static class Stamps
{
    /// <summary>The longest user name of a presenter that is kept: a name of any length must not keep a grant from being stored.</summary>
    public const int LongestPresenter = 1024;

    /// <summary>The user name of somebody who presents a voucher, as it is kept.</summary>
    public static string Presenter(string username) => username.Length > LongestPresenter ? username[..LongestPresenter] : username;

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

    /// <summary>
    /// Stamps a new grant by voucher: the requester is the person that the voucher names, the credential is for that person's key, and what the voucher limits
    /// is limited, if the manifest does not say.
    /// </summary>
    /// <param name="spec">The grant's spec; changed.</param>
    /// <param name="voucher">What the voucher says.</param>
    /// <param name="caller">The authenticated caller, who presents the voucher.</param>
    /// <param name="kept">What of the caller is kept.</param>
    public static void ByVoucher(JsonObject spec, Voucher voucher, Caller caller, CallerStamp kept)
    {
        var presenter = kept.Of(caller);
        var extra = new Dictionary<string, IReadOnlyList<string>> { [BreakGlassApi.VoucherExtra] = [voucher.Id] };
        if (!string.IsNullOrEmpty(presenter.Uid)) extra[BreakGlassApi.PresenterUidExtra] = [presenter.Uid];
        if (presenter.Person.Count > 0) extra[BreakGlassApi.PresenterPersonExtra] = presenter.Person;
        spec["requester"] = Node(new() { Username = voucher.Person, Extra = extra, PresentedBy = Presenter(presenter.Username) });
        spec["recipientKey"] ??= JsonSerializer.SerializeToNode(voucher.HolderKey, BreakGlassApi.Json<JsonWebKey>());
        if (voucher.Access.Count > 0 && spec["access"] is null or JsonArray { Count: 0 }) spec["access"] = Texts(voucher.Access);
        if (voucher.Namespaces.Count > 0 && spec["namespaces"] is null or JsonArray { Count: 0 }) spec["namespaces"] = Texts(voucher.Namespaces);
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

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static JsonNode? Node(Caller caller) => JsonSerializer.SerializeToNode(caller, BreakGlassApi.Json<Caller>());
}
