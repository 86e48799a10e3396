namespace BreakGlass.CrdGen;

/// <summary>One CustomResourceDefinition (apiextensions.k8s.io/v1).</summary>
internal static class Crd
{
    public static JsonObject Of(CustomKind kind, XmlDocs docs) => new()
    {
        ["apiVersion"] = "apiextensions.k8s.io/v1",
        ["kind"] = "CustomResourceDefinition",
        ["metadata"] = new JsonObject
        {
            ["name"] = kind.CrdName,
            ["labels"] = new JsonObject { ["app.kubernetes.io/name"] = "breakglass-operator" },
        },
        ["spec"] = new JsonObject
        {
            ["group"] = kind.Resource.Group,
            ["scope"] = kind.Resource.Namespaced ? "Namespaced" : "Cluster",
            ["names"] = Names(kind),
            ["versions"] = new JsonArray(new JsonObject
            {
                ["name"] = kind.Resource.Version,
                ["served"] = true,
                ["storage"] = true,
                ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                ["additionalPrinterColumns"] = new JsonArray([.. kind.Columns.Select(Column)]),
                ["schema"] = new JsonObject { ["openAPIV3Schema"] = new SchemaBuilder(docs).Root(kind) },
            }),
        },
    };

    private static JsonObject Names(CustomKind kind)
    {
        var names = new JsonObject
        {
            ["kind"] = kind.Resource.Kind,
            ["listKind"] = kind.Resource.Kind + "List",
            ["plural"] = kind.Resource.Plural,
            ["singular"] = kind.Resource.Kind.ToLowerInvariant(),
        };
        if (kind.ShortNames.Count > 0) names["shortNames"] = new JsonArray([.. kind.ShortNames.Select(n => (JsonNode)n)]);
        if (kind.Registration.Categories.Length > 0) names["categories"] = new JsonArray([.. kind.Registration.Categories.Select(n => (JsonNode)n)]);
        return names;
    }

    private static JsonObject Column(GenericAdditionalPrinterColumnAttribute column)
    {
        var node = new JsonObject { ["name"] = column.Name, ["jsonPath"] = column.JsonPath, ["type"] = column.Type };
        if (column.Priority != 0) node["priority"] = column.Priority;
        if (column.Description is not null) node["description"] = column.Description;
        return node;
    }
}
