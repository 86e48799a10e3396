namespace BreakGlass.Core.Api;

/// <summary>How the API server answered a request.</summary>
public enum ActionResult
{
    /// <summary>It carried the request out (a code below 400).</summary>
    Allowed,

    /// <summary>It refused the request for lack of rights (401 and 403).</summary>
    Denied,

    /// <summary>The request failed otherwise (another code of 400 or more, or a panic).</summary>
    Failed,
}
