namespace BreakGlass.CrdGen;

/// <summary>
/// Makes the structural OpenAPI v3 schema (apiextensions.k8s.io/v1) of a type. Only what differs from the server's default is
/// written, so that a GitOps tool which compares the file with what the server stored finds no difference.
/// </summary>
internal sealed class SchemaBuilder(XmlDocs docs)
{
    private readonly Stack<Type> _open = new();
    private bool _inStatus;

    public JsonObject Root(CustomKind kind)
    {
        var schema = Object(kind.Type, docs.Of(kind.Type));
        // The server knows metadata itself and forbids details of it.
        schema["properties"]!.AsObject().Insert(2, "metadata", new JsonObject { ["type"] = "object" });
        _inStatus = false;
        AddRules(schema, kind.Type.GetCustomAttributes<ValidationRuleAttribute>());
        return schema;
    }

    public JsonObject Of(Field field)
    {
        var type = field.Property.PropertyType;
        var schema = Of(type, docs.Of(field.Property) ?? docs.Of(type));
        if (field.Get<DefaultAttribute>() is { } @default) schema["default"] = @default.Json is { } json ? JsonNode.Parse(json) : field.InitialValue();
        if (field.Has<NullableAttribute>()) schema["nullable"] = true;
        AddValues(schema, field);
        AddLimits(schema, field);
        if (field.Get<ListMapAttribute>() is { } map)
        {
            schema["x-kubernetes-list-type"] = "map";
            schema["x-kubernetes-list-map-keys"] = Strings(map.Keys);
        }
        else if (field.Has<ListSetAttribute>())
        {
            schema["x-kubernetes-list-type"] = "set";
        }

        AddRules(schema, field.Rules(type));
        return schema;
    }

    private JsonObject Of(Type type, string? description) => Shape.Of(type) switch
    {
        Shape.Scalar scalar => Start(description, scalar.Name, scalar.Format),
        Shape.Names names => With(Start(description, "string"), "enum", Strings(Enum.GetNames(names.Enum))),
        Shape.List list => With(Start(description, "array"), "items", Item(list.Item)),
        Shape.Map map => With(Start(description, "object"), "additionalProperties", Item(map.Value)),
        Shape.Object o => Object(o.Type, description),
        var other => throw new NotSupportedException(other.ToString()),
    };

    private JsonObject Item(Type type)
    {
        var schema = Of(type, docs.Of(type));
        AddRules(schema, type.GetCustomAttributes<ValidationRuleAttribute>());
        return schema;
    }

    private JsonObject Object(Type type, string? description)
    {
        if (_open.Contains(type)) throw new NotSupportedException($"{type.Name} contains itself; a structural schema cannot say that.");
        _open.Push(type);
        var schema = Start(description, "object");
        var properties = new JsonObject();
        foreach (var field in Field.Of(type))
        {
            if (field.Property.PropertyType == typeof(V1ObjectMeta)) continue;
            if (_open.Count == 1) _inStatus = field.JsonName == "status";
            properties[field.JsonName] = Of(field);
        }

        schema["properties"] = properties;
        var required = Field.Of(type).Where(f => f.IsRequired).Select(f => f.JsonName).ToArray();
        if (required.Length > 0) schema["required"] = Strings(required);
        _open.Pop();
        return schema;
    }

    private static JsonObject Start(string? description, string type, string? format = null)
    {
        var schema = new JsonObject();
        if (!string.IsNullOrEmpty(description)) schema["description"] = description;
        schema["type"] = type;
        if (format is not null) schema["format"] = format;
        return schema;
    }

    private static void AddValues(JsonObject schema, Field field)
    {
        var target = schema["items"] as JsonObject ?? schema;
        if (field.Get<EnumAttribute>() is { } values) target["enum"] = Strings(values.Values);
        if (field.Get<PatternAttribute>() is { } pattern) target["pattern"] = pattern.RegexPattern;
        if (field.Has<NullableAttribute>() && schema.ContainsKey("enum"))
        {
            throw new NotSupportedException(
                $"{field.Property.DeclaringType!.Name}.{field.Property.Name}: API servers refuse null where there is an enum, even one that lists null. "
                    + "Leave [Nullable] off: null then counts as left out.");
        }
    }

    private static void AddLimits(JsonObject schema, Field field)
    {
        var shape = Shape.Of(field.Property.PropertyType);
        void Limit(string name, long? value, bool fits)
        {
            if (value is not >= 0) return;
            if (!fits) throw new NotSupportedException($"{field.Property.DeclaringType!.Name}.{field.Property.Name}: {name} says nothing about {shape}.");
            schema[name] = value;
        }

        var (isText, isNumber) = (shape is Shape.Scalar { Name: "string", Format: null }, shape is Shape.Scalar { Name: "integer" });
        Limit("minLength", field.Get<LengthAttribute>()?.MinLength, isText);
        Limit("maxLength", field.Get<LengthAttribute>()?.MaxLength, isText);
        Limit("minItems", field.Get<ItemsAttribute>()?.MinItems, shape is Shape.List);
        Limit("maxItems", field.Get<ItemsAttribute>()?.MaxItems, shape is Shape.List);
        Limit("maxProperties", field.Get<PropertiesAttribute>()?.MaxProperties, shape is Shape.Map);
        Limit("minimum", field.Get<RangeMinimumAttribute>()?.Minimum, isNumber);
        Limit("maximum", field.Get<RangeMaximumAttribute>()?.Maximum, isNumber);
        if (field.Get<ItemLengthAttribute>() is not { } each) return;

        var item = (schema["items"] ?? schema["additionalProperties"])!.AsObject();
        if (item["items"] is JsonObject innermost)
        {
            // A map of lists: each list is as bounded as the map itself.
            item["maxItems"] = schema["maxProperties"]!.GetValue<long>();
            item = innermost;
        }

        item["maxLength"] = each.MaxLength;
    }

    // A rule in the status could only keep the operator from writing down what happened.
    private void AddRules(JsonObject schema, IEnumerable<ValidationRuleAttribute> rules)
    {
        if (_inStatus) return;
        var list = new JsonArray();
        foreach (var rule in rules) list.Add((JsonNode)new JsonObject { ["rule"] = rule.Rule, ["message"] = rule.Message });
        if (list.Count > 0) schema["x-kubernetes-validations"] = list;
    }

    private static JsonObject With(JsonObject schema, string key, JsonNode value)
    {
        schema[key] = value;
        return schema;
    }

    private static JsonArray Strings(IEnumerable<string> values) => [.. values.Select(v => (JsonNode)v)];
}
