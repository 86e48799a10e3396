namespace Kube.Client;

/// <summary>A node of a YAML document.</summary>
internal abstract class YamlNode
{
    /// <summary>The node as JSON, with the types of YAML's core schema.</summary>
    public abstract JsonNode? ToJson();
}
