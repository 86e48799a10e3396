using BreakGlass.Core.Journal;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>The Merkle tree of RFC 6962, its tiles, and its proofs.</summary>
public sealed class TreeTests
{
    /// <summary>The entries that the tests of Certificate Transparency use.</summary>
    private static readonly string[] Known = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly Config Sixty = Config.QuickThrowOnFailure.WithMaxTest(60);

    [Theory]
    [InlineData(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void The_roots_are_those_that_certificate_transparency_publishes(int size, string root)
    {
        var log = new TestLog();
        log.Append([.. Known.Take(size).Select(hex => (ReadOnlyMemory<byte>)Convert.FromHexString(hex))]);

        log.Root.Should().Be(TreeHash.Read(Convert.FromHexString(root)));
        new LogTree(log.Reader, size).Root().Should().Be(log.Root);
    }

    [Theory]
    [InlineData(0, 1234067, 256, "tile/0/x001/x234/067")]
    [InlineData(4, 1234067, 1, "tile/4/x001/x234/067.p/1")]
    [InlineData(1, 0, 255, "tile/1/000.p/255")]
    [InlineData(7, 999, 256, "tile/7/999")]
    public void The_paths_of_tiles_are_those_of_tlog_tiles(int level, long index, int width, string path) =>
        new Tile(level, index, width).Path.Should().Be(path);

    [Fact]
    public void A_tree_of_70000_entries_has_the_tiles_that_the_standard_names()
    {
        Tile.Of(0, 272, 70_000).Width.Should().Be(256);
        Tile.Of(0, 273, 70_000).Width.Should().Be(112);
        Tile.Of(1, 0, 70_000).Width.Should().Be(256);
        Tile.Of(1, 1, 70_000).Width.Should().Be(17);
        Tile.Of(2, 0, 70_000).Width.Should().Be(1);
        Tile.Of(0, 274, 70_000).Width.Should().Be(0);
        Tile.Of(0, long.MaxValue, long.MaxValue).Width.Should().Be(0);
        new Tile(0, 273, 112).EntriesPath.Should().Be("tile/entries/273.p/112");
    }

    [Fact]
    public void An_entry_stands_after_its_length_in_two_bytes()
    {
        TestLog.Of(0).Files.Keys.Should().Equal(Checkpoint.Path);
        EntryBundle.Write([new byte[] { 1, 2 }, new byte[258]])[..6].Should().Equal(0, 2, 1, 2, 1, 2);
    }

    [Fact]
    public void The_root_is_that_of_the_definition_whatever_the_batches()
    {
        Prop.ForAll(Sizes(700), Sizes(300), (size, batch) =>
        {
            var (log, whole) = (TestLog.Of(size, batch), TestLog.Of(size));
            log.Root.Should().Be(Defined([.. Enumerable.Range(0, size).Select(i => TreeHash.Leaf(TestLog.Entry(i).Span))]));
            foreach (var (path, bytes) in whole.Files) log.Files[path].Should().Equal(bytes, path);
            LogEdge.Read(log.Reader, size).Root().Should().Be(log.Root, "a log is extended from what its files say");
        }).Check(Sixty);
    }

    [Fact]
    public void Every_proof_verifies_and_no_other_root_leaf_position_or_proof_does()
    {
        Prop.ForAll(Sizes(700), Sizes(700), (size, other) =>
        {
            var (log, index) = (TestLog.Of(size), other % size);
            var (leaf, proof) = (TreeHash.Leaf(TestLog.Entry(index).Span), new LogTree(log.Reader, size).Inclusion(index));
            TreeProof.Includes(leaf, index, size, log.Root, proof).Should().BeTrue();
            TreeProof.Includes(leaf, index, size, leaf, [.. proof, leaf]).Should().BeFalse();
            TreeProof.Includes(TreeHash.Empty, index, size, log.Root, proof).Should().BeFalse();
            if (size > 1) TreeProof.Includes(leaf, (index + 1) % size, size, log.Root, proof).Should().BeFalse();
            if (proof.Count > 0) TreeProof.Includes(leaf, index, size, log.Root, [.. proof.Skip(1)]).Should().BeFalse();
            TreeProof.Includes(leaf, -1, size, log.Root, proof).Should().BeFalse();
            TreeProof.Includes(leaf, size, size, log.Root, proof).Should().BeFalse();
        }).Check(Sixty);
    }

    [Fact]
    public void Every_earlier_tree_is_consistent_and_no_other_is()
    {
        Prop.ForAll(Sizes(700), Sizes(700), (size, other) =>
        {
            var (log, before) = (TestLog.Of(size), 1 + (other % size));
            var (root, proof) = (TestLog.Of(before).Root, new LogTree(log.Reader, size).Consistency(before));
            TreeProof.IsConsistent(before, root, size, log.Root, proof).Should().BeTrue();
            TreeProof.IsConsistent(before, TreeHash.Empty, size, log.Root, proof).Should().BeFalse();
            TreeProof.IsConsistent(before, root, size, TreeHash.Empty, proof).Should().BeFalse();
            TreeProof.IsConsistent(before, root, size, log.Root, [.. proof, root]).Should().BeFalse();
            TreeProof.IsConsistent(size + 1, root, size, log.Root, proof).Should().BeFalse();
        }).Check(Sixty);
        TreeProof.IsConsistent(0, TreeHash.Empty, 5, TreeHash.Leaf([]), []).Should().BeTrue("every tree begins with none");
    }

    [Fact]
    public void The_right_edge_holds_only_partial_tiles()
    {
        var edge = LogEdge.Empty;
        for (var i = 0; i < 600; i++) (edge, _) = edge.Append([TestLog.Entry(i)]);

        edge.Size.Should().Be(600);
        edge.Room.Should().Be(256 - (600 - 512), "a batch ends at the end of a bundle");
        edge.Append([TestLog.Entry(600)]).Files.Select(f => f.Path)
            .Should().Equal("tile/entries/002.p/89", "tile/0/002.p/89");
    }

    private static Arbitrary<int> Sizes(int most) => Gen.Choose(1, most).ToArbitrary();

    private static TreeHash Defined(ReadOnlySpan<TreeHash> leaves)
    {
        if (leaves.Length == 1) return leaves[0];
        var left = 1;
        while (left * 2 < leaves.Length) left *= 2;
        return TreeHash.Node(Defined(leaves[..left]), Defined(leaves[left..]));
    }

    [Theory]
    [InlineData("tile/0/000", true)]
    [InlineData("tile/7/x001/x234/067", true)]
    [InlineData("tile/entries/x001/000.p/255", true)]
    [InlineData("tile/0/999.p/1", true)]
    [InlineData("tile/8/000", false)]
    [InlineData("tile/00/000", false)]
    [InlineData("tile/0/x000/001", false)]
    [InlineData("tile/0/001/001", false)]
    [InlineData("tile/0/xx01/001", false)]
    [InlineData("tile/0/1000", false)]
    [InlineData("tile/0/-01", false)]
    [InlineData("tile/0/000.p/0", false)]
    [InlineData("tile/0/000.p/256", false)]
    [InlineData("tile/0/000.p/01", false)]
    [InlineData("tile/0/000.p", false)]
    [InlineData("tile/0/000/", false)]
    [InlineData("tile/0", false)]
    [InlineData("tile/entries/../000", false)]
    [InlineData("tile/0/x999/x999/x999/x999/x999/x999/999", false)]
    [InlineData("batch/000.p/0", false)]
    [InlineData("checkpoint", false)]
    [InlineData("", false)]
    public void A_path_of_a_tile_has_one_form(string path, bool isOne) => Tile.IsPath(path).Should().Be(isOne);
}
