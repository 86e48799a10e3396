namespace Kube.Client;

/// <summary>Reads the cluster and user entries of a kubeconfig (Kubernetes docs, "kubeconfig (v1)").</summary>
internal static class KubeconfigReader
{
    private const string ExecExtension = "client.authentication.k8s.io/exec";

    public static ClusterConnection Cluster(ConfigSection cluster)
    {
        var address = cluster.Text("server") ?? throw cluster.Wrong("it has no server");
        if (!Uri.TryCreate(address, UriKind.Absolute, out var server) || server.Scheme is not ("https" or "http") || server.Host.Length == 0)
        {
            // Without what may be a password.
            throw cluster.Wrong($"the server '{address[(address.LastIndexOf('@') + 1)..]}' is not a valid address; use for example https://host:6443");
        }

        // No request would carry them, but logs would, and so would the kubeconfigs that are made from this one for others.
        if (server.UserInfo.Length > 0) throw cluster.Wrong("the server's address contains a user or password; move them to users");

        var authority = cluster.Pem("certificate-authority");
        var insecure = cluster.Flag("insecure-skip-tls-verify");
        if (insecure && authority is not null)
            throw cluster.Wrong("certificate-authority and insecure-skip-tls-verify exclude each other; remove one of them");
        return new ClusterConnection
        {
            Server = server,
            CertificateAuthority = authority,
            InsecureSkipTlsVerify = insecure,
            TlsServerName = cluster.Text("tls-server-name"),
            Proxy = Proxy(cluster),
        };
    }

    public static ClusterConnection WithUser(ClusterConnection connection, ConfigSection user, ConfigSection cluster)
    {
        if (user.Section("auth-provider") is not null)
            throw user.Wrong("'auth-provider' was removed from Kubernetes in 1.26; use an 'exec' credential plugin");
        var certificate = user.Pem("client-certificate");
        var key = user.Pem("client-key");
        if (certificate is null != key is null) throw user.Wrong("client-certificate and client-key must be set together");
        return connection with
        {
            ClientCertificate = certificate,
            ClientKey = key,
            Token = user.Text("token"),
            TokenFile = user.Path("tokenFile"),
            Username = user.Text("username"),
            Password = user.Text("password"),
            Exec = user.Section("exec") is { } exec ? Exec(exec, cluster) : null,
            Impersonate = Impersonate(user),
        };
    }

    private static Uri? Proxy(ConfigSection cluster)
    {
        if (cluster.Text("proxy-url") is not { } text) return null;
        // The text may hold a password.
        return Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" or "socks5"
            ? proxy
            : throw cluster.Wrong("'proxy-url' is not a valid address: it must begin with http://, https:// or socks5://");
    }

    private static ExecPlugin Exec(ConfigSection exec, ConfigSection cluster)
    {
        var version = exec.Text("apiVersion") ?? throw exec.Wrong("'apiVersion' is missing");
        if (version is not ("client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1"))
        {
            throw exec.Wrong($"the apiVersion '{version}' is not supported; use client.authentication.k8s.io/v1 or v1beta1, and update the plugin");
        }

        return new ExecPlugin
        {
            Command = exec.Text("command") ?? throw exec.Wrong("'command' is missing"),
            Args = exec.Texts("args"),
            Env = Env(exec),
            ApiVersion = version,
            InstallHint = exec.Text("installHint"),
            ProvideClusterInfo = exec.Flag("provideClusterInfo"),
            InteractiveMode = exec.Text("interactiveMode") switch
            {
                null or "IfAvailable" => InteractiveMode.IfAvailable,
                "Never" => InteractiveMode.Never,
                "Always" => InteractiveMode.Always,
                var other => throw exec.Wrong($"the interactiveMode '{other}' is not valid; use Never, IfAvailable or Always"),
            },
            BaseDirectory = exec.Directory,
            ClusterExtension = cluster.Sections("extensions").FirstOrDefault(e => e.Text("name") == ExecExtension)
                ?.Map.Entries.GetValueOrDefault("extension")?.ToJson(),
        };
    }

    private static Dictionary<string, string> Env(ConfigSection exec)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in exec.Sections("env"))
        {
            variables[entry.Text("name") ?? throw entry.Wrong("it has no name")] = entry.Text("value") ?? "";
        }

        return variables;
    }

    private static Impersonation? Impersonate(ConfigSection user)
    {
        var groups = user.Texts("as-groups");
        var extra = user.Section("as-user-extra");
        if (user.Text("as") is not { } name)
        {
            // Dropping them would act with other rights than the file says.
            return groups.Count == 0 && extra is null && user.Text("as-uid") is null
                ? null : throw user.Wrong("as-uid, as-groups and as-user-extra require 'as'");
        }

        return new Impersonation
        {
            User = name,
            Uid = user.Text("as-uid"),
            Groups = groups,
            Extra = extra?.Map.Entries.Keys.ToDictionary(k => k, extra.Texts, StringComparer.Ordinal) ?? [],
        };
    }
}
