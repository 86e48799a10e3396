namespace BreakGlass.Core.Journal;

/// <summary>An object that existed when a list of them was made.</summary>
/// <param name="Subject">Its kind and name, for example <c>policies/payments-oncall</c>.</param>
/// <param name="Uid">Its UID; of a seal key, what its ids begin with.</param>
/// <param name="Number">Of a policy or an authority, the newest generation that is in the journal; of a seal key, how many entries it has.</param>
public sealed record LiveObject(string Subject, string Uid, long Number);
