using YamlDotNet.Core;

namespace Kube.Client;

/// <summary>
/// One or more kubeconfig files as one: for each name of a map, and for current-context, the first file that sets it wins
/// (Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files").
/// </summary>
internal sealed class Kubeconfig
{
    private readonly Dictionary<string, ConfigSection> _contexts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfigSection> _clusters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfigSection> _users = new(StringComparer.Ordinal);
    private readonly List<string> _files = [];
    private string? _current;

    public bool IsEmpty => _current is null && _contexts.Count == 0 && _clusters.Count == 0 && _users.Count == 0;

    private string Names => string.Join(", ", _files.Select(f => $"'{f}'"));

    public static Kubeconfig Load(IReadOnlyList<string> files, bool mustExist)
    {
        var config = new Kubeconfig();
        foreach (var file in files)
        {
            if (Read(file, mustExist) is { } text) config.Add(file, text);
        }

        return config;
    }

    public ClusterConnection Resolve(string? contextName)
    {
        if (IsEmpty)
        {
            throw new KubeConfigException(
                $"kubeconfig {Names} is empty: it has no clusters. Add one with 'kubectl config set-cluster', or copy the kubeconfig again.");
        }

        var name = contextName ?? _current ?? throw new KubeConfigException(
            $"kubeconfig {Names} has no current-context. Choose one of its contexts ({Known(_contexts)}) with 'kubectl config use-context', "
                + "or pass --context.");
        if (!_contexts.TryGetValue(name, out var context)) throw Unknown("context", name, _contexts, Names);
        var clusterName = context.Text("cluster") ?? throw context.Wrong("it has no cluster");
        if (!_clusters.TryGetValue(clusterName, out var cluster)) throw Unknown("cluster", clusterName, _clusters, $"'{context.File}': context '{name}'");
        var userName = context.Text("user");
        ConfigSection? user = null;
        if (userName is not null && !_users.TryGetValue(userName, out user)) throw Unknown("user", userName, _users, $"'{context.File}': context '{name}'");

        var connection = KubeconfigReader.Cluster(cluster) with
        {
            Namespace = context.Text("namespace"),
            Source = $"context {name} of {context.File}",
        };
        return user is null ? connection : KubeconfigReader.WithUser(connection, user, cluster);
    }

    private static string? Read(string file, bool mustExist)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            if (!mustExist) return null;
            throw new KubeConfigException($"kubeconfig '{file}' does not exist. Check the path, or set KUBECONFIG.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException($"kubeconfig '{file}' cannot be read ({e.Message}). Check its permissions.", e);
        }
    }

    private void Add(string file, string text)
    {
        _files.Add(file);
        YamlNode? root;
        try
        {
            root = YamlTree.Parse(text);
        }
        catch (YamlException e)
        {
            // Position only: the parser's message may quote what stands there, and a token may stand there.
            throw new KubeConfigException(
                $"kubeconfig '{file}' is invalid YAML at line {e.Start.Line}, column {e.Start.Column}: check indentation and quoting. " +
                "The file may be incomplete: copy it again.");
        }

        if (root is null or YamlScalar { IsNull: true }) return;
        if (root is not YamlMap map)
        {
            throw new KubeConfigException($"kubeconfig '{file}' is not a kubeconfig: its root must be a map with clusters, users and contexts.");
        }

        var top = new ConfigSection(file, "root", map);
        _current ??= top.Text("current-context");
        Merge(top, "contexts", "context", _contexts);
        Merge(top, "clusters", "cluster", _clusters);
        Merge(top, "users", "user", _users);
    }

    private static void Merge(ConfigSection top, string list, string item, Dictionary<string, ConfigSection> into)
    {
        foreach (var entry in top.Sections(list))
        {
            var name = entry.Text("name") ?? throw entry.Wrong("it has no name");
            into.TryAdd(name, entry.Section(item) ?? new ConfigSection(top.File, $"{item} '{name}'", YamlMap.Empty));
        }
    }

    private static KubeConfigException Unknown(string what, string name, Dictionary<string, ConfigSection> known, string where) =>
        new($"kubeconfig {where}: {what} '{name}' does not exist. Existing: {Known(known)}.");

    private static string Known(Dictionary<string, ConfigSection> known) =>
        known.Count == 0 ? "none" : string.Join(", ", known.Keys.Order(StringComparer.Ordinal));
}
