using System.Text;
using BreakGlass.Core.Journal;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>Signed notes, checkpoints and their keys. The known values are those of the tests of Go's note.</summary>
public sealed class NoteTests
{
    private const string Public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    private const string Private = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    private const string Text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    private const string Signature = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    private static VerifierKey Verifier => TestLog.Key.Verifier;

    [Fact]
    public void A_note_is_signed_as_Go_signs_it()
    {
        SigningKey.TryParse(Private, out var key).Should().BeTrue();
        key.Verifier.ToString().Should().Be(Public);
        key.ToSecretText().Should().Be(Private);
        Encoding.UTF8.GetString(SignedNote.Sign(Text, key)).Should().Be($"{Text}\n{Signature}");
    }

    [Theory]
    [InlineData($"{Text}\n{Signature}", true)]
    [InlineData($"{Text}\n— other.example/log AAAAAAECAwQ=\n{Signature}", true)]
    [InlineData($"{Text}{Signature}", false)]
    [InlineData($"{Text}\n", false)]
    [InlineData($"{Text}\n— other.example/log AAAAAAECAwQ=\n", false)]
    [InlineData($"{Text}\n{Signature}x", false)]
    [InlineData($"If\n\n{Signature}", false)]
    [InlineData($"{Text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAN=\n", false)]
    [InlineData($"\0{Text}\n{Signature}", false)]
    [InlineData("", false)]
    [InlineData("\n\n", false)]
    [InlineData("\n\n\n", false)]
    public void A_note_opens_only_with_a_good_signature_of_the_key(string note, bool opens)
    {
        VerifierKey.TryParse(Public, out var key).Should().BeTrue();
        var text = SignedNote.Open(Encoding.UTF8.GetBytes(note), key, out var problem);
        (text == Text).Should().Be(opens, problem);
        (problem.Length == 0).Should().Be(opens);
    }

    [Fact]
    public void A_note_that_is_too_long_or_not_UTF8_does_not_open()
    {
        SignedNote.Open(new byte[SignedNote.Longest + 1], Verifier, out _).Should().BeNull();
        SignedNote.Open([.. SignedNote.Sign("text\n", TestLog.Key), 0xFF], Verifier, out _).Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("PeterNeumann")]
    [InlineData("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T")]
    [InlineData(Private)]
    public void A_text_that_is_not_a_public_key_is_refused(string text) => VerifierKey.TryParse(text, out _).Should().BeFalse();

    [Theory]
    [InlineData("")]
    [InlineData(Public)]
    [InlineData("PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")]
    public void A_text_that_is_not_a_private_key_is_refused(string text) => SigningKey.TryParse(text, out _).Should().BeFalse();

    [Fact]
    public void A_checkpoint_reads_back()
    {
        var (root, note) = (TreeHash.Leaf([1]), Checkpoint.Sign(5, TreeHash.Leaf([1]), TestLog.Key));
        Checkpoint.Open(note, Verifier, out _).Should().Be(new Checkpoint(TestLog.Origin, 5, root));
    }

    [Theory]
    [InlineData("5\n{root}", true)]
    [InlineData("5\n{root}\nextension", true)]
    [InlineData("9223372036854775807\n{root}", true)]
    [InlineData("9223372036854775808\n{root}", false)]
    [InlineData("18446744073709551616\n{root}", false)]
    [InlineData("-1\n{root}", false)]
    [InlineData("05\n{root}", false)]
    [InlineData("+5\n{root}", false)]
    [InlineData("5", false)]
    [InlineData("5\nAAAA", false)]
    [InlineData("5\n{root}\n\nextension", false)]
    public void Only_a_checkpoint_in_its_one_form_is_read(string lines, bool isRead)
    {
        var text = $"{TestLog.Origin}\n{lines.Replace("{root}", TreeHash.Empty.ToString(), StringComparison.Ordinal)}\n";
        (Checkpoint.Open(SignedNote.Sign(text, TestLog.Key), Verifier, out var problem) is not null).Should().Be(isRead, problem);
    }

    [Fact]
    public void A_checkpoint_of_another_journal_is_refused_though_the_key_signed_it()
    {
        var note = SignedNote.Sign($"other.example\n0\n{TreeHash.Empty}\n", TestLog.Key);
        Checkpoint.Open(note, Verifier, out var problem).Should().BeNull();
        problem.Should().Contain("other.example").And.Contain(TestLog.Origin);
    }
}
