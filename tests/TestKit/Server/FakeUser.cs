namespace TestKit;

/// <summary>Who talks to the fake server.</summary>
/// <param name="Name">User name; <c>system:serviceaccount:ns:name</c> for a service account.</param>
/// <param name="Groups">Groups; <c>system:authenticated</c> and a service account's groups are added.</param>
public sealed record FakeUser(string Name, params IReadOnlyList<string> Groups)
{
    /// <summary>A cluster administrator (<c>system:masters</c>) whom nothing is refused.</summary>
    public static FakeUser Admin { get; } = new("admin", "system:masters") { EnforceRbac = false };

    /// <summary>Whether requests are authorized by the stored roles and bindings. Otherwise everything is allowed.</summary>
    public bool EnforceRbac { get; init; } = true;

    /// <summary>The UID, if the authenticator gives one.</summary>
    public string? Uid { get; init; }

    /// <summary>A service account, with RBAC enforced.</summary>
    public static FakeUser ServiceAccount(string ns, string name) => new($"system:serviceaccount:{ns}:{name}");

    /// <summary>The groups that the server sees.</summary>
    public IReadOnlyList<string> AllGroups
    {
        get
        {
            var parts = Name.Split(':');
            string[] account = parts is ["system", "serviceaccount", _, _] ? ["system:serviceaccounts", $"system:serviceaccounts:{parts[2]}"] : [];
            return [.. Groups.Concat(account).Append("system:authenticated").Distinct()];
        }
    }
}
