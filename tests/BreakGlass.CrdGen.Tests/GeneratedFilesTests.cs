using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.CrdGen.Tests;

public sealed class GeneratedFilesTests
{
    [Fact]
    public void The_committed_files_are_what_the_types_give() =>
        GeneratedFiles.Stale(GeneratedFiles.All(), Golden.RepositoryRoot).Should().BeEmpty("'make generate' writes them, and the result is committed");

    [Fact]
    public void A_file_that_differs_is_missing_or_left_over_is_named_and_writing_repairs_it()
    {
        var root = Directory.CreateTempSubdirectory("breakglass-crdgen-").FullName;
        try
        {
            var files = GeneratedFiles.All();
            GeneratedFiles.Stale(files, root).Should().BeEquivalentTo(files.Keys);

            GeneratedFiles.Write(files, root);
            GeneratedFiles.Stale(files, root).Should().BeEmpty();

            File.AppendAllText(Path.Combine(root, "docs/api.md"), "by hand\n");
            File.WriteAllText(Path.Combine(root, "config/crd/old.yaml"), "");
            File.Delete(Path.Combine(root, "config/crd/kustomization.yaml"));
            GeneratedFiles.Stale(files, root).Should().Equal("config/crd/kustomization.yaml", "config/crd/old.yaml", "docs/api.md");

            GeneratedFiles.Write(files, root);
            GeneratedFiles.Stale(files, root).Should().BeEmpty();
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
