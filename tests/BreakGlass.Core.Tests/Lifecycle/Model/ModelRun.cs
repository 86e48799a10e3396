using BreakGlass.Core.Lifecycle;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>One run of the model's operator: the product's own, and the token or certificate that its process holds. A crash loses both.</summary>
internal sealed class ModelRun
{
    public GrantRun Knows { get; set; } = GrantRun.Fresh;

    public Token? Token { get; set; }

    /// <summary>The number of the certificate that its process has issued last.</summary>
    public int Certificate { get; set; }
}
