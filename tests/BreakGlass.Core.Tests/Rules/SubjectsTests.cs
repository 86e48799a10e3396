using BreakGlass.Core.Rules;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public sealed class SubjectsTests
{
    [Theory]
    [InlineData("User", null, "alice", "alice", "", true)]
    [InlineData("User", null, "alice", "Alice", "", false)]
    [InlineData("User", null, "alice", "alice2", "", false)]
    [InlineData("User", null, "*", "alice", "", false)]
    [InlineData("User", null, "", "", "", false)]
    [InlineData("User", null, "oncall", "alice", "oncall", false)]
    [InlineData("Group", null, "oncall", "alice", "dev,oncall", true)]
    [InlineData("Group", null, "oncall", "oncall", "dev", false)]
    [InlineData("Group", null, "*", "alice", "dev", false)]
    [InlineData("Group", null, "oncall", "alice", "", false)]
    [InlineData("ServiceAccount", "ci", "robot", "system:serviceaccount:ci:robot", "", true)]
    [InlineData("ServiceAccount", "ci", "robot", "system:serviceaccount:other:robot", "", false)]
    [InlineData("ServiceAccount", "ci", "robot", "robot", "", false)]
    [InlineData("ServiceAccount", null, "robot", "system:serviceaccount::robot", "", false)]
    [InlineData("User", null, "system:serviceaccount:ci:robot", "system:serviceaccount:ci:robot", "", true)]
    [InlineData("Robot", null, "alice", "alice", "alice", false)]
    public void A_subject_names_a_caller_letter_by_letter(string kind, string? ns, string name, string user, string groups, bool isNamed)
    {
        var caller = A.Caller(user, groups.Split(',', StringSplitOptions.RemoveEmptyEntries));
        Subjects.Include([new() { Kind = kind, Namespace = ns, Name = name }], caller).Should().Be(isNamed);
    }

    [Fact]
    public void One_subject_of_many_is_enough_and_none_of_none()
    {
        Subjects.Include([A.User("bob"), A.Group("oncall"), A.User("carol")], A.Caller("alice", "oncall")).Should().BeTrue();
        Subjects.Include([], A.Caller("alice", "oncall")).Should().BeFalse();
    }

    [Fact]
    public void They_read_as_people_say_them() =>
        Subjects.Describe([A.Group("payments-oncall"), A.User("alice"), A.ServiceAccount("ci", "robot")])
            .Should().Be("Group payments-oncall, User alice, ServiceAccount ci/robot");

    [Fact]
    public void A_service_account_is_the_user_and_in_the_groups_that_the_api_server_gives_it()
    {
        Subjects.ServiceAccountUser("ci", "robot").Should().Be("system:serviceaccount:ci:robot");
        Subjects.ServiceAccountGroups("ci").Should().BeEquivalentTo("system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated");
    }
}
