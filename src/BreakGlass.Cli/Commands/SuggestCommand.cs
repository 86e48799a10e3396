using System.Net;
using BreakGlass.Cli.Policies;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Cli.Commands;

/// <summary><c>suggest</c>: what of a policy's roles its grants used, and smaller roles that would have been enough.</summary>
internal static class SuggestCommand
{
    public static Command Create(Invocation invocation)
    {
        var name = new Argument<string>("POLICY") { Description = "The policy" };
        var grant = new Option<string?>("--grant") { Description = "Only what this grant was used for", HelpName = "NAME" };
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml);
        var command = new Command("suggest", "Compare a policy's roles with what its grants used, and suggest smaller roles.") { name, grant, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            using var cluster = invocation.Connect(parse);
            var policy = await cluster.Client.GetAsync<BreakGlassPolicy>(ObjectNames.Policy(parse.GetRequiredValue(name)), null, cancellationToken);
            var grants = await GrantsAsync(cluster.Client, policy, parse.GetValue(grant) is { } one ? ObjectNames.Grant(one) : null, cancellationToken);
            var around = await VisibleCluster.LookAsync(cluster.Client, [policy], cancellationToken);
            var roles = Roles(policy, around).ToList();
            if (roles.Count == 0)
            {
                throw new CliException(ExitCodes.NotFound, $"none of the roles of policy '{policy.Metadata.Name}' can be read: "
                    + $"{string.Join(", ", policy.Spec.Access.Select(e => e.RoleRef))}. Create them, or ask somebody who is allowed to get them.");
            }

            var used = UsedRights.Of(roles, grants);
            if (used.Recorded.Count == 0)
            {
                throw new CliException(ExitCodes.NotFound, $"there is no record of what the grants of policy '{policy.Metadata.Name}' were used for. "
                    + "The operator records it if it receives the API server's audit events; see docs/sessions.md.");
            }

            var suggestion = new RoleSuggestion(policy, used);
            await (parse.GetValue(output) switch
            {
                OutputFormat.Json => OutputFormat.WriteNodeAsync(host, OutputFormat.Json, suggestion.ToJson()),
                OutputFormat.Yaml => host.Out.WriteAsync(suggestion.Manifests()),
                _ => ShowAsync(host, suggestion),
            });
            foreach (var note in suggestion.Notes()) await host.SayAsync($"Note: {note}");
            foreach (var unread in policy.Spec.Access.Where(e => !roles.Exists(r => r.Entry == e.Name)))
                await host.SayAsync($"Note: {unread.RoleRef} of access entry '{unread.Name}' cannot be read, so it is not compared.");
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>The grants that were active, each with its record.</summary>
    private static async Task<IReadOnlyList<UsedGrant>> GrantsAsync(
        KubeClient client, BreakGlassPolicy policy, string? only, CancellationToken cancellationToken)
    {
        var grants = only is null
            ? (await client.ListAsync<BreakGlassGrant>(new(), cancellationToken)).Items
            : [await client.GetAsync<BreakGlassGrant>(only, null, cancellationToken)];
        if (only is not null && grants[0].Spec.Policy != policy.Metadata.Name)
            throw CliException.Usage($"grant '{only}' is one of policy '{grants[0].Spec.Policy}', not of '{policy.Metadata.Name}'.");
        var sessions = (await SessionsAsync(client, cancellationToken)).ToDictionary(s => s.Metadata.Name);
        return
        [
            .. grants.Where(g => g.Spec.Policy == policy.Metadata.Name && g.Status.WasActive).OrderBy(g => g.Metadata.CreatedAt)
                .Select(g => new UsedGrant(g, sessions.GetValueOrDefault(g.Metadata.Name)?.Status is { } status
                    && (status.GrantUid is null || status.GrantUid == g.Metadata.Uid) ? status : null)),
        ];
    }

    /// <summary>None where the cluster does not have the kind.</summary>
    private static async Task<IReadOnlyList<BreakGlassSession>> SessionsAsync(KubeClient client, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.ListAsync<BreakGlassSession>(new(), cancellationToken)).Items;
        }
        catch (KubeApiException e) when (e.Code is HttpStatusCode.NotFound)
        {
            return [];
        }
    }

    private static IEnumerable<GrantedRole> Roles(BreakGlassPolicy policy, VisibleCluster around)
    {
        foreach (var entry in policy.Spec.Access)
        {
            IReadOnlyList<string?> everywhere = [null];
            foreach (var ns in entry.RoleRef.Kind == V1ClusterRole.KubeKind ? everywhere : entry.Namespaces)
            {
                if (around.Rules(entry.RoleRef, ns) is { } rules) yield return new(entry.Name, entry.RoleRef, ns, rules);
            }
        }
    }

    private static async Task ShowAsync(CliHost host, RoleSuggestion suggestion)
    {
        var used = suggestion.Used;
        var table = new TextTable("ENTRY", "ROLE", "VERBS", "RESOURCES", "USED");
        foreach (var role in used.Roles)
        {
            foreach (var rule in role.Rules)
            {
                table.Add(role.Role.Entry, RoleSuggestion.NameOf(role.Role), string.Join(",", rule.Rule.VerbsOrEmpty),
                    string.Join(",", AccessPlan.Resources(rule.Rule)), rule.Requests == 0 ? new Cell("never", Tone.Faint) : $"{rule.Requests}");
            }
        }

        await table.WriteAsync(host);
        if (used.Refused.Count > 0)
        {
            await host.Out.WriteLineAsync();
            var refused = new TextTable("REFUSED", "RESOURCE", "NAMESPACE", "COUNT");
            foreach (var action in used.Refused)
                refused.Add(VisibleText.Name(action.Verb), RoleSuggestion.Resource(action), VisibleText.Name(action.Namespace), $"{action.Count}");
            await refused.WriteAsync(host);
        }

        await host.SayAsync($"Smaller roles as manifests: kubectl breakglass suggest {suggestion.Policy.Metadata.Name} -o yaml");
    }
}
