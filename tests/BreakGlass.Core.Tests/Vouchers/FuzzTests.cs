using System.Globalization;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using TestKit.Builders;
using Xunit;
using Xunit.Abstractions;

namespace BreakGlass.Core.Tests.Vouchers;

/// <summary>A short run; 'make fuzz' makes it a long one (FUZZ_INPUTS, FUZZ_SEED).</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    [Fact]
    public void No_changed_voucher_is_accepted_and_nothing_is_thrown()
    {
        var inputs = Number("FUZZ_INPUTS", 20_000);
        var seed = Number("FUZZ_SEED", 4711);
        using var desk = new OfflineDesk();
        var random = new Random(seed);
        (string Text, string Proof)[] good =
        [
            .. new[]
                {
                    desk.Issue(), desk.Issue(by: [desk.Second]), desk.Issue(by: [desk.First, desk.Second]), desk.Issue(v => v with { Access = ["a", "b"] }),
                }
                .Select(text => (text, desk.Prove(text, "inc-1", A.Start))),
        ];

        // The whole decision, by which the operator admits a grant: it honours what was not changed, and of the rest it is asked about every tenth.
        var (policy, facts) = (AVoucher.Policy(), new VoucherFacts { Authority = desk.Authority(), Now = A.Start, RequestedAt = A.Start });
        var grant = A.Grant(s => s with
        {
            RecipientKey = desk.Voucher().HolderKey,
            Requester = A.Caller("alice") with
            {
                PresentedBy = "courier", Extra = new Dictionary<string, IReadOnlyList<string>> { [BreakGlassApi.VoucherExtra] = ["v-1"] },
            },
        }, "inc-1");
        Problem? Decide(string text, string proof) =>
            VoucherRules.Check(grant with { Spec = grant.Spec with { Voucher = text, VoucherProof = proof } }, policy, facts, cluster: null);
        good.Take(3).Select(g => Decide(g.Text, g.Proof)).Should().OnlyContain(problem => problem == null);

        var answers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var started = TimeProvider.System.GetTimestamp();
        for (var done = 0; done < inputs; done++)
        {
            var (text, proof) = good[random.Next(good.Length)];
            string changed, changedProof = proof;
            if (random.Next(8) == 0) (changed, changedProof) = (text, Mutate(proof, random, good[random.Next(good.Length)].Proof));
            else changed = Mutate(text, random, good[random.Next(good.Length)].Text);
            if (changed == text && changedProof == proof) continue;

            var answer = Judge(desk, changed, changedProof);
            if (done % 10 == 0) Decide(changed, changedProof).Should().NotBeNull($"seed {seed}, input {done}: {changed} {changedProof}");
            answer.Should().NotBe("accepted", $"seed {seed}, input {done}: {changed} {changedProof}");
            answers[answer] = answers.GetValueOrDefault(answer) + 1;
        }

        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        output.WriteLine($"FUZZ {inputs} vouchers and proofs, seed {seed}: {seconds:0} s, {inputs / seconds:0} inputs/s");
        foreach (var (answer, times) in answers) output.WriteLine($"FUZZ {times,9} {answer}");
        answers["the proof is not good"].Should().BeGreaterThan(inputs / 100, "mutations that break everything would prove little");
        answers["not signed"].Should().BeGreaterThan(inputs / 100);
    }

    private static string Judge(OfflineDesk desk, string text, string proof)
    {
        if (SignedVoucher.TryRead(text, out var problem) is not { } read)
        {
            problem.Should().NotBeNullOrEmpty();
            return "not read";
        }

        if (read.SignedBy(desk.Keys).Count == 0) return "not signed";
        return VoucherProof.Problem(proof, read, "inc-1", A.Start) is null ? "accepted" : "the proof is not good";
    }

    private static string Mutate(string text, Random random, string other)
    {
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            text = random.Next(9) switch
            {
                0 => Characters(text, random),
                1 => text[..random.Next(text.Length + 1)],
                2 => text[..random.Next(text.Length + 1)] + other[random.Next(other.Length + 1)..],
                3 => text.Insert(random.Next(text.Length + 1), Tokens[random.Next(Tokens.Length)]),
                4 => string.Join('.', text.Split('.').OrderBy(_ => random.Next())),
                5 => AsGeneral(text, other),
                _ => Inside(text, random),
            };
            if (text.Length == 0) return text;
        }

        return text;
    }

    private static readonly string[] Tokens =
    [
        ".", "=", "\n", " ", "\"", "{", "}", "[", "]", ",", ":", "null", "-1", "1e9", "9223372036854775808", "\\u0061", "\\ud800", "\u0000", "é", "alg", "kid",
        "crit",
        "\"alg\":\"none\",", "\"crit\":[],", "\"kid\":\"second\",", "\"exp\":1,", "\"sub\":\"mallory\",", "\"header\":{},",
    ];

    private static string Characters(string text, Random random)
    {
        var characters = text.ToCharArray();
        for (var times = random.Next(1, 5); times > 0 && characters.Length > 0; times--)
            characters[random.Next(characters.Length)] = (char)random.Next(random.Next(4) == 0 ? 0x10000 : 128);
        return new(characters);
    }

    /// <summary>Changes what one of the parts encodes, without the key that could sign it.</summary>
    private static string Inside(string text, Random random)
    {
        var parts = text.Split('.', '"');
        var part = parts[random.Next(parts.Length)];
        if (part.Length == 0 || !Base64UrlText.TryDecode(part, out var bytes) || bytes.Length == 0) return Characters(text, random);
        var inner = Encoding.Latin1.GetString(bytes);
        inner = random.Next(3) switch
        {
            0 => Characters(inner, random),
            1 => inner.Insert(random.Next(inner.Length + 1), Tokens[random.Next(Tokens.Length)]),
            _ => inner.Remove(random.Next(inner.Length), 1),
        };
        return text.Replace(part, Base64UrlText.Encode(Encoding.Latin1.GetBytes(inner)), StringComparison.Ordinal);
    }

    /// <summary>A compact voucher in general form, with the signature of another one.</summary>
    private static string AsGeneral(string text, string other)
    {
        if (text.Split('.') is not [var header, var payload, var signature]) return text;
        var second = other.Split('.') is [var h, _, var s] ? $$""",{"protected":"{{h}}","signature":"{{s}}"}""" : "";
        return $$"""{"payload":"{{payload}}","signatures":[{"protected":"{{header}}","signature":"{{signature}}"}{{second}}]}""";
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
