using Xunit;

namespace Integration.Metrics;

/// <summary>Skipped, with a message, where there is no Prometheus; hack/test.sh installs it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PrometheusFactAttribute : FactAttribute
{
    public PrometheusFactAttribute() => Skip = PrometheusServer.IsThere ? null : "needs prometheus and promtool on the PATH, of Debian's package prometheus";
}
