namespace TestKit;

/// <summary>Who wants to do what. <see cref="Path"/> is set instead of the resource for requests outside the resource API.</summary>
internal sealed record AccessQuestion(string User, IReadOnlyList<string> Groups, string Verb)
{
    public string Group { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    public string? Path { get; init; }

    public string CombinedResource => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";
}
