using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TestKit;

/// <summary>What the real server refuses in the metadata of any object (apimachinery's api/validation/objectmeta.go).</summary>
internal static partial class MetaRules
{
    private const int AnnotationLimit = 256 * 1024;

    public static List<FieldError> Check(ResourceDefinition r, JsonObject o, JsonObject? old)
    {
        var errors = new List<FieldError>();
        Name(r, o, errors);
        foreach (var (key, value) in o.Labels())
        {
            if (!QualifiedName(key)) errors.Add(FieldError.Invalid("metadata.labels", FieldError.Quote(key),
                "name part must consist of alphanumeric characters, '-', '_' or '.', at most 63, with an optional DNS subdomain prefix and '/'"));
            if (value.Length > 63) errors.Add(FieldError.Invalid("metadata.labels", FieldError.Quote(value), "must be no more than 63 characters"));
            else if (!LabelValue().IsMatch(value)) errors.Add(FieldError.Invalid("metadata.labels", FieldError.Quote(value), "a valid label must be an empty "
                + "string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"));
        }

        var annotations = o.Map("annotations");
        if (annotations.Sum(a => a.Key.Length + a.Value.Length) > AnnotationLimit)
            errors.Add(new("FieldValueTooLong", "metadata.annotations", $"Too long: must have at most {AnnotationLimit} bytes"));
        foreach (var key in annotations.Keys)
        {
            if (!QualifiedName(key.ToLowerInvariant()))
                errors.Add(FieldError.Invalid("metadata.annotations", FieldError.Quote(key), "is not a qualified name"));
        }

        foreach (var owner in o.Objects("metadata", "ownerReferences"))
        {
            foreach (var (field, word) in new[] { ("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid") })
            {
                if (owner.Text(field).Length == 0) errors.Add(FieldError.Invalid($"metadata.ownerReferences.{field}", "\"\"", $"{word} must not be empty"));
            }
        }

        foreach (var finalizer in o.Texts("metadata", "finalizers"))
        {
            if (!r.Custom && !finalizer.Contains('/') && finalizer is not ("orphan" or "foregroundDeletion" or "kubernetes"))
            {
                errors.Add(FieldError.Invalid(
                    "metadata.finalizers", FieldError.Quote(finalizer), "name is neither a standard finalizer name nor is it fully qualified"));
            }
        }

        if (old?.IsDeleting() is true)
        {
            var added = o.Texts("metadata", "finalizers").Except(old.Texts("metadata", "finalizers")).ToList();
            if (added.Count > 0)
            {
                errors.Add(FieldError.Forbidden("metadata.finalizers", "no new finalizers can be added if the object is being deleted, "
                    + $"found new finalizers []string{{{string.Join(", ", added.Select(FieldError.Quote))}}}"));
            }
        }

        return errors;
    }

    private static void Name(ResourceDefinition r, JsonObject o, List<FieldError> errors)
    {
        var name = o.Name();
        if (name.Length == 0)
        {
            errors.Add(FieldError.Required("metadata.name", "name or generateName is required"));
        }
        else if (r.AnyPathSegmentName)
        {
            if (name is "." or ".." || name.Contains('/') || name.Contains('%'))
                errors.Add(FieldError.Invalid("metadata.name", FieldError.Quote(name), "may not be '.' or '..' or contain '/' or '%'"));
        }
        else if (r.Plural == "namespaces")
        {
            if (name.Length <= 63 && !name.Contains('.') && DnsSubdomain().IsMatch(name)) return;
            errors.Add(FieldError.Invalid(
                "metadata.name", FieldError.Quote(name),
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character "
                    + "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"));
        }
        else if (name.Length > 253)
        {
            errors.Add(FieldError.Invalid("metadata.name", FieldError.Quote(name), "must be no more than 253 characters"));
        }
        else if (!DnsSubdomain().IsMatch(name))
        {
            errors.Add(FieldError.Invalid("metadata.name", FieldError.Quote(name),
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
                    + "character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"));
        }
    }

    private static bool QualifiedName(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var name = key[(slash + 1)..];
        return name.Length is > 0 and <= 63 && LabelValue().IsMatch(name) && (slash < 0 || (slash <= 253 && DnsSubdomain().IsMatch(key[..slash])));
    }

    [GeneratedRegex(@"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex LabelValue();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex DnsSubdomain();
}
