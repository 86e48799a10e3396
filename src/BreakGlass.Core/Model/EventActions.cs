namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>The actions of events: what the operator did. A refusal of the persistence guard is named with what it refused.</summary>
public static class EventActions
{
    public const string
        Request = "Request", Approve = "Approve", Schedule = "Schedule", Activate = "Activate", Warn = "Warn", Expire = "Expire",
        Revoke = "Revoke", End = "End", Deny = "Deny", Fail = "Fail", Repair = "Repair", Remove = "Remove", Review = "Review", Remind = "Remind",
        Observe = "Observe", Lock = "Lock", Refuse = "Refuse", Redeem = "Redeem", Drill = "Drill";
}
