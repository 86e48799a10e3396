namespace BreakGlass.Core.Model;

/// <summary>The words for it.</summary>
public static class PersistenceKinds
{
    extension(PersistenceKind way)
    {
        /// <summary>The word for it in a policy's <c>allowPersistence</c>; null for what no policy can allow.</summary>
        public string? ApiWord => way switch
        {
            PersistenceKind.Rbac => ApiWords.Rbac,
            PersistenceKind.Tokens => ApiWords.Tokens,
            PersistenceKind.Csr => ApiWords.Csr,
            PersistenceKind.Webhooks => ApiWords.Webhooks,
            _ => null,
        };
    }
}
