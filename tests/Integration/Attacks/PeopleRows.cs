using BreakGlass.Core.Api;

namespace Integration.Attacks;

/// <summary>Being two people, being somebody else to the eye, ending what others asked for, and saying nothing at length.</summary>
internal static class PeopleRows
{
    public static IReadOnlyList<Row> All { get; } =
    [
        new("Dora", "approves her own under her name in capitals", Expectation.Refused("'DORA' is the same person as 'dora', who requested this grant"),
            async s =>
        {
            await s.PolicyAsync(Scene.Approval);
            (await s.AskAsync(s.Stage.Dora)).OrThrow();
            return await s.DecideAsync(s.Stage.Admin.As("DORA", "commanders"));
        }),
        new("Bob", "revokes Alice's grant, and has no right to",
            Expectation.RefusedAndUntouched("was requested by 'alice'", "can end only their own grants", "kubectl auth can-i revoke"), async s =>
            {
                await s.PolicyAsync();
                await s.OpenAsync(s.Stage.Alice);
                return await s.Stage.Bob.PatchAsync(s.GrantPath, """{"spec":{"revoke":{"reason":"mine now"}}}""");
            }),
        new("Kim", "revokes Alice's grant, as who may shut everything", Expectation.Ends(GrantPhase.Revoked, EndReason.RevokedByUser, "RevokedByUser"),
            async s =>
        {
            await s.PolicyAsync();
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Kim.PatchAsync(s.GrantPath, """{"spec":{"revoke":{}}}""");
        }),
        new("Alice", "gives a ticket with a line feed behind it", Expectation.Refused("contains a line break or an invisible character"), async s =>
        {
            await s.PolicyAsync("justification: {ticketPattern: '^INC-[0-9]+$'}");
            return await s.AskAsync(s.Stage.Alice, "ticket: \"INC-4711\\n\"");
        }),
        new("Alice", "gives a ticket in another script's digits", Expectation.Refused("does not match"), async s =>
        {
            await s.PolicyAsync("justification: {ticketPattern: '^INC-\\d+$'}");
            return await s.AskAsync(s.Stage.Alice, "ticket: \"INC-\u0664\u0667\"");
        }),
    ];
}
