using System.Text;
using BreakGlass.Core.Journal;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>A journal whose key was replaced: the new key first in the operator's file, the old one behind it.</summary>
public sealed class ReplacedKeyTests
{
    private static readonly SigningKey Old = TestLog.Key;
    private static readonly SigningKey New = SigningKey.Of(TestLog.Origin, Enumerable.Repeat((byte)9, SigningKey.SeedSize).ToArray());

    [Fact]
    public void During_the_overlap_both_keys_sign_and_each_of_them_verifies()
    {
        var both = Signing($"{New.ToSecretText()}\n{Old.ToSecretText()}\n");
        var note = Checkpoint.Sign(5, TreeHash.Leaf([1]), both);
        foreach (var key in new[] { Old.Verifier, New.Verifier, both.Verifier })
            Checkpoint.Open(note, key, out var problem).Should().NotBeNull(problem);
        Checkpoint.Open(Checkpoint.Sign(4, TreeHash.Leaf([1]), Old), both.Verifier, out _).Should().NotBeNull("the operator goes on where it stopped");
        both.ToSecretText().Should().Be(New.ToSecretText());
    }

    [Fact]
    public void After_a_leak_the_old_key_signs_nothing_and_what_it_signed_before_is_continued()
    {
        var key = Signing($"{New.ToSecretText()}\n{Old.Verifier}");
        Checkpoint.Open(Checkpoint.Sign(4, TreeHash.Leaf([1]), Old), key.Verifier, out _).Should().NotBeNull();
        var note = Checkpoint.Sign(5, TreeHash.Leaf([1]), key);
        Checkpoint.Open(note, New.Verifier, out _).Should().NotBeNull();
        Checkpoint.Open(note, Old.Verifier, out var problem).Should().BeNull();
        problem.Should().Contain("is not signed by the key").And.Contain("if the journal's key was replaced").And.Contain("another line");
    }

    [Fact]
    public void A_key_file_is_continued_with_all_that_signs_or_after_a_leak_with_nothing_that_does()
    {
        var third = SigningKey.Of(TestLog.Origin, Enumerable.Repeat((byte)8, SigningKey.SeedSize).ToArray());
        var file = Signing($"{New.ToSecretText()}\n{Old.ToSecretText()}\n{third.Verifier}\n");
        var seed = Enumerable.Repeat((byte)7, SigningKey.SeedSize).ToArray();
        var first = SigningKey.Of(TestLog.Origin, seed);
        file.Succeeded(seed, haveLeaked: false).Should()
            .Be($"{first.ToSecretText()}\n{New.ToSecretText()}\n{Old.ToSecretText()}\n{third.Verifier}\n");
        var lines = file.Succeeded(seed, haveLeaked: true).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines[0].Should().Be(first.ToSecretText());
        lines[1..].Should().BeEquivalentTo([$"{New.Verifier}", $"{Old.Verifier}", $"{third.Verifier}"]);
        Signing(string.Join('\n', lines)).Verifier.Id.Should().Be(first.Verifier.Id);
    }

    [Fact]
    public void An_auditor_accepts_the_keys_in_their_file_and_no_other()
    {
        VerifierKey.TryParse($"{Old.Verifier}\n{New.Verifier}\n", out var trusted).Should().BeTrue();
        foreach (var key in new[] { Old, New }) Checkpoint.Open(Checkpoint.Sign(5, TreeHash.Leaf([1]), key), trusted, out _).Should().NotBeNull();
        var third = SigningKey.Of(TestLog.Origin, Enumerable.Repeat((byte)8, SigningKey.SeedSize).ToArray());
        Checkpoint.Open(Checkpoint.Sign(5, TreeHash.Leaf([1]), third), trusted, out _).Should().BeNull();
        var changed = Encoding.UTF8.GetString(Checkpoint.Sign(5, TreeHash.Leaf([1]), New)).Replace("\n5\n", "\n6\n", StringComparison.Ordinal);
        Checkpoint.Open(Encoding.UTF8.GetBytes(changed), trusted, out var problem).Should().BeNull();
        problem.Should().Contain("was changed");
    }

    [Fact]
    public void Keys_of_different_journals_do_not_go_together()
    {
        var other = SigningKey.Of("other.example/log", Enumerable.Repeat((byte)9, SigningKey.SeedSize).ToArray());
        VerifierKey.TryParse($"{Old.Verifier}\n{other.Verifier}", out _).Should().BeFalse();
        SigningKey.TryParse($"{Old.ToSecretText()}\n{other.ToSecretText()}", out _).Should().BeFalse();
        SigningKey.TryParse($"{Old.ToSecretText()}\n{other.Verifier}", out _).Should().BeFalse();
        SigningKey.TryParse($"{Old.Verifier}\n{New.ToSecretText()}", out _).Should().BeFalse("the first key signs");
        SigningKey.TryParse($"{Old.ToSecretText()}\nnonsense", out _).Should().BeFalse();
        VerifierKey.TryParse($"{Old.Verifier}\n{New.ToSecretText()}", out _).Should().BeFalse("a private key does not belong there");
    }

    private static SigningKey Signing(string text) => SigningKey.TryParse(text, out var key) ? key : throw new InvalidOperationException("it was not read");
}
