using BreakGlass.Core.Guard;
using BreakGlass.Core.Model;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Core.Tests.Guard;

public sealed class ResidueTests
{
    private const string Rbac = "rbac.authorization.k8s.io";

    [Fact]
    public void After_50_refused_attempts_what_was_allowed_was_written_down_nowhere()
    {
        IReadOnlyList<string> residue = [.. Enumerable.Range(0, 50).Select(i => $"refused rbac: create roles.{Rbac} payments/{i}")];
        residue = Residue.Add(residue, Residue.Of(Write("rolebindings", "mine"), PersistenceKind.Rbac, allowed: true));
        residue.Should().HaveCount(51).And.Contain($"allowed rbac: create rolebindings.{Rbac} payments/mine");
    }

    [Fact]
    public void Refused_ones_are_named_first_then_counted_by_kind_and_never_without_end()
    {
        IReadOnlyList<string> residue = [];
        for (var i = 0; i < 200; i++) residue = Add(residue, Write("roles", $"{i}"), allowed: false);
        residue.Should().HaveCount(Residue.MostRefused + 1).And.Contain($"refused rbac: create roles.{Rbac}, 180 more");
        for (var i = 0; i < 1000; i++) residue = Residue.Add(residue,
            Residue.Of(new() { Operation = "CREATE", Resource = $"things{i}", Namespace = "breakglass-system" }, PersistenceKind.OwnNamespaces,
                allowed: false));
        residue.Should().HaveCount(Residue.MostRefused + Residue.MostKinds + 1).And.Contain($"refused own, {1000 - Residue.MostKinds + 1} more");
    }

    [Fact]
    public void Allowed_ones_that_are_too_many_to_be_named_are_counted_and_none_is_dropped()
    {
        IReadOnlyList<string> residue = [];
        for (var i = 0; i < 200; i++) residue = Add(residue, Write("roles", $"{i}"), allowed: true);
        residue.Should().HaveCount(Residue.MostAllowed + 1).And.Contain($"allowed rbac: create roles.{Rbac}, {200 - Residue.MostAllowed} more");
    }

    [Fact]
    public void The_same_attempt_stands_there_once()
    {
        var once = Add([], Write("roles", "mine"), allowed: false);
        Add(once, Write("roles", "mine"), allowed: false).Should().BeSameAs(once);
    }

    [Fact]
    public void Notes_have_places_of_their_own_that_end_too()
    {
        IReadOnlyList<string> residue = [];
        for (var i = 0; i < 30; i++) residue = Residue.Add(residue, new($"created secrets payments/{i}", "created", "created"));
        residue.Should().HaveCount(Residue.MostNoted + 1).And.EndWith("created, 10 more");
        Add(residue, Write("roles", "mine"), allowed: false).Should().Contain($"refused rbac: create roles.{Rbac} payments/mine");
    }

    [Fact]
    public void A_name_that_looks_like_a_count_is_none()
    {
        IReadOnlyList<string> residue = [];
        for (var i = 0; i < 200; i++) residue = Add(residue, Write("roles", $"x, {i} more"), allowed: false);
        residue.Should().HaveCount(Residue.MostRefused + 1);
    }

    [Fact]
    public void What_others_wrote_there_is_left_alone()
    {
        IReadOnlyList<string> residue = ["access elsewhere: RoleBinding a/b, and more", "refused rbac, more", "refused rbac,  more"];
        Residue.Add(residue, new("refused rbac", "refused rbac", "refused rbac"), 3).Should().Equal([.. residue, "refused rbac, 3 more"]);
    }

    private static GuardedWrite Write(string resource, string name) =>
        new() { Operation = "CREATE", Group = Rbac, Resource = resource, Namespace = "payments", Name = name };

    private static IReadOnlyList<string> Add(IReadOnlyList<string> residue, GuardedWrite write, bool allowed) =>
        Residue.Add(residue, Residue.Of(write, PersistenceKind.Rbac, allowed));
}
