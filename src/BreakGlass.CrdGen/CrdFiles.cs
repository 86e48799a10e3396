namespace BreakGlass.CrdGen;

/// <summary>
/// The CustomResourceDefinitions and what kustomize needs around them. The base serves every server from 1.23 on; what newer
/// servers know besides, or older ones do not know yet, is a component, since <c>kubectl apply</c> refuses unknown fields.
/// </summary>
internal static class CrdFiles
{
    private const string Header = "# Generated from the C# types in src/BreakGlass.Core/Api by 'make generate'. Do not edit.\n";

    public static IEnumerable<(string Path, string Content)> For(IReadOnlyList<CustomKind> kinds)
    {
        var crds = kinds.Select(kind => (Kind: kind, Crd: Crd.Of(kind, DocsOf(kinds)))).ToList();
        foreach (var (kind, crd) in crds) yield return Yaml($"config/crd/{kind.Resource.Plural}.{kind.Resource.Group}.yaml", crd);

        yield return Yaml("config/crd/kustomization.yaml", new JsonObject
        {
            ["apiVersion"] = "kustomize.config.k8s.io/v1beta1",
            ["kind"] = "Kustomization",
            ["resources"] = new JsonArray([.. kinds.Select(kind => (JsonNode)$"{kind.Resource.Plural}.{kind.Resource.Group}.yaml")]),
        });
        yield return Yaml("config/components/selectable-fields/kustomization.yaml",
            Component(crds.Select(c => (c.Kind, SelectableFields(c.Kind)))),
            "# For Kubernetes 1.31 and later: fields that 'kubectl get --field-selector' can use. Older servers do not know them.\n");
        yield return Yaml("config/components/without-cel/kustomization.yaml",
            Component(crds.Select(c => (c.Kind, RemoveRules(c.Crd)))),
            "# For Kubernetes 1.20 to 1.22, whose kubectl validation refuses the field x-kubernetes-validations. The operator checks the same rules.\n");
    }

    internal static XmlDocs DocsOf(IEnumerable<CustomKind> kinds) =>
        XmlDocs.For(kinds.Select(kind => kind.Type.Assembly));

    private static (string Path, string Content) Yaml(string path, JsonNode document, string comment = "") =>
        (path, Header + comment + YamlWriter.Write(document));

    private static JsonObject Component(IEnumerable<(CustomKind Kind, JsonArray Operations)> patches) => new()
    {
        ["apiVersion"] = "kustomize.config.k8s.io/v1alpha1",
        ["kind"] = "Component",
        ["patches"] = new JsonArray(
        [
            .. patches.Where(p => p.Operations.Count > 0).Select(p => new JsonObject
            {
                ["target"] = new JsonObject { ["kind"] = "CustomResourceDefinition", ["name"] = p.Kind.CrdName },
                ["patch"] = YamlWriter.Write(p.Operations),
            }),
        ]),
    };

    private static JsonArray SelectableFields(CustomKind kind)
    {
        var fields = kind.Registration.SelectableFields;
        return fields.Length == 0 ? [] :
        [
            new JsonObject
            {
                ["op"] = "add",
                ["path"] = "/spec/versions/0/selectableFields",
                ["value"] = new JsonArray([.. fields.Select(field => new JsonObject { ["jsonPath"] = field })]),
            },
        ];
    }

    private static JsonArray RemoveRules(JsonNode crd) =>
        [.. PathsOf("x-kubernetes-validations", crd, "").Select(path => new JsonObject { ["op"] = "remove", ["path"] = path })];

    private static IEnumerable<string> PathsOf(string key, JsonNode? node, string path) => node switch
    {
        JsonObject map => map.SelectMany(e => e.Key == key ? [$"{path}/{e.Key}"] : PathsOf(key, e.Value, $"{path}/{e.Key}")),
        JsonArray list => list.SelectMany((item, i) => PathsOf(key, item, $"{path}/{i}")),
        _ => [],
    };
}
