namespace Kube.Client;

/// <summary>Finds the connection that is meant where none is spelled out.</summary>
internal static class ConnectionFinder
{
    private const string Variable = "KUBECONFIG";

    public static ClusterConnection FromKubeconfig(string? path, string? context, HostEnvironment host)
    {
        if (!string.IsNullOrEmpty(path)) return Kubeconfig.Load([path], mustExist: true).Resolve(context);
        if (host.Variable(Variable) is { Length: > 0 } list) return FromVariable(list, context);
        return Kubeconfig.Load([DefaultFile(host)], mustExist: true).Resolve(context);
    }

    public static ClusterConnection Detect(string? path, string? context, HostEnvironment host)
    {
        var named = !string.IsNullOrEmpty(path) || host.Variable(Variable) is { Length: > 0 };
        if (named || File.Exists(DefaultFile(host))) return FromKubeconfig(path, context, host);
        if (!string.IsNullOrEmpty(host.Variable("KUBERNETES_SERVICE_HOST"))) return InCluster(host);
        throw new KubeConfigException(
            $"no cluster is configured: KUBECONFIG is not set, '{DefaultFile(host)}' does not exist, and this process is not in a pod "
                + "(KUBERNETES_SERVICE_HOST is not set). " +
            "Set KUBECONFIG, or pass --kubeconfig.");
    }

    public static ClusterConnection InCluster(HostEnvironment host)
    {
        var name = host.Variable("KUBERNETES_SERVICE_HOST");
        var port = host.Variable("KUBERNETES_SERVICE_PORT");
        if (string.IsNullOrEmpty(name) || string.IsNullOrEmpty(port))
        {
            throw new KubeConfigException(
                "this process does not run in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set. Use a kubeconfig instead.");
        }

        var token = Path.Combine(host.ServiceAccountDirectory, "token");
        var authority = Path.Combine(host.ServiceAccountDirectory, "ca.crt");
        if (!File.Exists(token) || !File.Exists(authority))
        {
            throw new KubeConfigException(
                $"the pod has no service account token: '{token}' or '{authority}' does not exist. " +
                "Set automountServiceAccountToken: true on the pod, or use a kubeconfig.");
        }

        if (!Uri.TryCreate($"https://{(name.Contains(':', StringComparison.Ordinal) ? $"[{name}]" : name)}:{port}", UriKind.Absolute, out var server))
        {
            throw new KubeConfigException($"KUBERNETES_SERVICE_HOST '{name}' and KUBERNETES_SERVICE_PORT '{port}' are not a valid address.");
        }

        return new ClusterConnection
        {
            Server = server,
            CertificateAuthority = PemSource.FromFile(authority),
            TokenFile = token,
            Namespace = ReadNamespace(Path.Combine(host.ServiceAccountDirectory, "namespace")),
            Source = "pod service account",
        };
    }

    private static ClusterConnection FromVariable(string list, string? context)
    {
        var files = list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var config = Kubeconfig.Load(files, mustExist: false);
        return config.IsEmpty
            ? throw new KubeConfigException($"KUBECONFIG is '{list}', but none of these files exists and has content. Correct the variable, or unset it.")
            : config.Resolve(context);
    }

    private static string? ReadNamespace(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim() is { Length: > 0 } ns ? ns : null;
        }
        catch (IOException)
        {
            return null; // the namespace is a convenience; its users say what to do without
        }
    }

    private static string DefaultFile(HostEnvironment host) => Path.Combine(host.Home, ".kube", "config");
}
