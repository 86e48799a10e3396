namespace BreakGlass.Core.Model;

/// <summary>A way in which a grant's identity could make its access outlive the grant, or reach past it.</summary>
public enum PersistenceKind
{
    /// <summary>Roles and bindings, and what else says which rights a user name has; <c>rbac</c> in allowPersistence.</summary>
    Rbac,

    /// <summary>Tokens of ServiceAccounts, and Secrets that hold such or a bootstrap token; <c>tokens</c>.</summary>
    Tokens,

    /// <summary>Certificates: requesting, approving, signing, and whose are believed; <c>csr</c>.</summary>
    Csr,

    /// <summary>
    /// What the requests of others pass through: admission's configuration, API services, conversion webhooks, flow control; <c>webhooks</c>.
    /// </summary>
    Webhooks,

    /// <summary>Our own kinds, and the objects that keep the operator working; never allowed.</summary>
    OwnKinds,

    /// <summary>The namespaces of the grants and of the operator; never allowed.</summary>
    OwnNamespaces,
}
