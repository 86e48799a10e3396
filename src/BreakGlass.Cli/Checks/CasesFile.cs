using System.Text.Json.Serialization;

namespace BreakGlass.Cli.Checks;

/// <summary>Who asks what, and what must come out: the file of <c>test</c>. docs/cli.md describes it.</summary>
internal sealed record CasesFile
{
    public CaseCluster? Cluster { get; init; }

    public IReadOnlyList<PolicyCase> Cases { get; init => field = value ?? []; } = [];

    /// <summary>Reads one.</summary>
    /// <exception cref="CliException">It is none; the message says where.</exception>
    public static CasesFile Read(string file, YamlDocument document)
    {
        try
        {
            if (EmptyItems.In(document.Root).FirstOrDefault() is { } empty)
            {
                var at = document.At(empty);
                throw CliException.Usage($"{file}:{at.Line}:{at.Column}: {empty} is empty; add the item, or remove the dash.");
            }

            var read = document.Root?.Deserialize(CasesJson.Default.CasesFile);
            if (read is { Cases.Count: > 0 }) return read;
            throw CliException.Usage($"{file}: the file contains no cases. docs/cli.md has an example.");
        }
        catch (JsonException e)
        {
            var field = (e.Path ?? "$").TrimStart('$').TrimStart('.');
            var location = document.At(field);
            throw new CliException(ExitCodes.Usage,
                $"{file}:{location.Line}:{location.Column}: '{field}' is not a field of a cases file, or its value is not valid. docs/cli.md has an example.",
                e);
        }
    }
}

/// <summary>The cluster that cases play in.</summary>
internal sealed record CaseCluster
{
    /// <summary>All namespaces with their labels; where left out, those that policies and cases name, and one for each selector.</summary>
    public Dictionary<string, Dictionary<string, string>?>? Namespaces { get; init; }
}

/// <summary>One request and what must come out.</summary>
internal sealed record PolicyCase
{
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The policy; may be left out where there is only one.</summary>
    public string? Policy { get; init; }

    /// <summary>When it is asked (RFC 3339).</summary>
    public string? At { get; init; }

    /// <summary>How long after that it is looked at; at once where left out.</summary>
    public string? After { get; init; }

    public CasePerson As { get; init => field = value ?? new(); } = new();

    public CaseAsk Ask { get; init => field = value ?? new(); } = new();

    /// <summary>What approvers said meanwhile.</summary>
    public IReadOnlyList<CaseDecision> Decisions { get; init => field = value ?? []; } = [];

    public IReadOnlyList<CaseGrant> Grants { get; init => field = value ?? []; } = [];

    public bool Lockdown { get; init; }

    public CaseExpectation Expect { get; init => field = value ?? new(); } = new();
}

internal sealed record CasePerson
{
    public string User { get; init => field = value ?? "somebody"; } = "somebody";

    public IReadOnlyList<string> Groups { get; init => field = value ?? []; } = [];

    public Dictionary<string, IReadOnlyList<string>>? Extra { get; init; }
}

internal sealed record CaseAsk
{
    /// <summary>Stands where a case says nothing: long enough for any policy.</summary>
    public static readonly string UsualReason = string.Concat(Enumerable.Repeat("a reason that is long enough ", 40)).TrimEnd();

    public string? Reason { get; init; }

    public string? Ticket { get; init; }

    public string? For { get; init; }

    public string? Start { get; init; }

    public IReadOnlyList<string> Access { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];
}

internal sealed record CaseDecision
{
    public CasePerson By { get; init => field = value ?? new(); } = new();

    /// <summary>Approve (where left out) or Deny.</summary>
    public string Decision { get; init => field = value ?? "Approve"; } = "Approve";

    /// <summary>How long after the request.</summary>
    public string? After { get; init; }
}

internal sealed record CaseGrant
{
    public CasePerson By { get; init => field = value ?? new(); } = new();

    /// <summary>How long before the request it ended; active where left out.</summary>
    public string? EndedBefore { get; init; }

    public bool Reviewed { get; init; }

    /// <summary>Whether it was given without approval, by the emergency bypass.</summary>
    public bool Bypassed { get; init; }
}

/// <summary>What must come out; what is left out does not matter.</summary>
internal sealed record CaseExpectation
{
    /// <summary>Active, AwaitingApproval, Scheduled or Denied.</summary>
    public string? Phase { get; init; }

    /// <summary>Of a denial, e.g. TicketMissing; else of the condition Approved, e.g. AutoApproved or EmergencyBypass.</summary>
    public string? Reason { get; init; }

    public string? Duration { get; init; }

    /// <summary>Where it reaches, all of it; <c>*</c> is the whole cluster.</summary>
    public IReadOnlyList<string>? Namespaces { get; init; }

    /// <summary>The roles it gives, all of them, as ClusterRole/edit.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    public bool? Review { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CasesFile))]
internal sealed partial class CasesJson : JsonSerializerContext;
