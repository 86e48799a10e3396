namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>A token that the model's API server issued: it works while its ServiceAccount, its Secret and its time are there.</summary>
internal sealed record Token(int Number, string AccountUid, string SecretUid, string User, DateTimeOffset ExpiresAt);
