using k8s.Models;
using Kube.Client;

namespace Integration.Coverage;

/// <summary>Rules and requests out of few words, so that they meet; the same for the same seed.</summary>
internal sealed class RandomRules(int seed)
{
    private static readonly string[] Verbs = ["get", "list", "create", "*"];
    private static readonly string[] Groups = ["", "apps", "batch", "*"];
    private static readonly string[] Resources = ["pods", "deployments", "pods/log", "deployments/scale", "*/log", "*/scale", "pods/*", "*/*", "*"];
    private static readonly string[] Names = ["a", "b", "c"];
    private static readonly string[] PathVerbs = ["get", "post", "*"];
    private static readonly string[] Urls = ["/x/a", "/x/a*", "/x/a/*", "/x/a/b", "/x/a/b**", "/x/b", "*", "/*"];

    private readonly Random _random = new(seed);

    public IReadOnlyList<V1PolicyRule> Rules() => [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => _random.Next(3) > 0 ? ResourceRule() : PathRule())];

    /// <summary>A request, mostly one that is close to one of the rules: in the words of a rule, one of which may be another.</summary>
    public V1ResourceAttributes Request(IReadOnlyList<V1PolicyRule> rules, string? ns)
    {
        var near = rules.Where(r => r.ResourcesOrEmpty.Count > 0).ToList();
        var rule = near.Count == 0 ? ResourceRule() : near[_random.Next(near.Count)];
        var (resource, subresource) = One([.. rule.Resources]).Split('/', 2) is [var whole, var part]
            ? (whole, part) : (One([.. rule.Resources]), One("", "", "log"));
        var request = new V1ResourceAttributes
        {
            NamespaceProperty = ns, Verb = One([.. rule.Verbs]), Group = One([.. rule.ApiGroups]), Resource = resource == "*"
                ? One("pods", "deployments") : resource,
            Subresource = subresource, Name = rule.NamesOrEmpty.Count == 0 ? One("", "a", "b", "c") : One([.. rule.ResourceNames]),
        };
        return _random.Next(6) switch
        {
            0 => request with { Verb = One(Verbs) },
            1 => request with { Group = One(Groups) },
            2 => request with { Resource = One("pods", "deployments", "pods/log", "*"), Subresource = One("", "log", "scale", "*") },
            3 => request with { Name = One("", "a", "b", "c") },
            _ => request,
        };
    }

    public V1NonResourceAttributes Path(IReadOnlyList<V1PolicyRule> rules)
    {
        var near = rules.Where(r => r.UrlsOrEmpty.Count > 0).ToList();
        var path = One("/x/a", "/x/a/", "/x/a/b", "/x/a/b/c", "/x/b", "/x/a*", "/");
        return new() { Verb = near.Count > 0 && Toss() ? One([.. near[0].Verbs]) : One(PathVerbs), Path = path };
    }

    public bool Toss() => _random.Next(2) == 0;

    private V1PolicyRule ResourceRule() => new()
    {
        Verbs = Some(Verbs, 1), ApiGroups = Some(Groups, 1), Resources = Some(Resources, 1), ResourceNames = Toss() ? [] : Some(Names, 1),
    };

    private V1PolicyRule PathRule() => new() { Verbs = Some(PathVerbs, 1), NonResourceURLs = Some(Urls, 1) };

    private string One(params string[] words) => words[_random.Next(words.Length)];

    // Wildcards make up the last words and would drown everything else if they were as likely.
    private IList<string> Some(string[] words, int least)
    {
        var count = _random.Next(least, 3);
        return [.. Enumerable.Range(0, count).Select(_ => words[Math.Min(_random.Next(words.Length), _random.Next(words.Length))]).Distinct()];
    }
}
