using System.Xml.Linq;
using Kube.Client;

namespace BreakGlass.CrdGen.Tests;

/// <summary>A kind that uses every part of the generator once.</summary>
internal static class Things
{
    public static CustomKind Kind { get; } = new(typeof(Thing), new ResourceType("example.dev", "v1", "Thing", "things", Namespaced: false));

    // As a compiler writes it: spaces, lines, references, inherited documentation.
    public static XmlDocs Docs { get; } = new(XDocument.Parse("""
        <members>
          <member name="T:BreakGlass.CrdGen.Tests.Thing"><summary>A thing.</summary></member>
          <member name="P:BreakGlass.CrdGen.Tests.Thing.ApiVersion"><inheritdoc/></member>
          <member name="T:BreakGlass.CrdGen.Tests.ThingSpec"><summary>What is wanted.</summary></member>
          <member name="P:BreakGlass.CrdGen.Tests.ThingSpec.Count">
            <summary>
            How many; see <see cref="P:BreakGlass.CrdGen.Tests.ThingSpec.IsOn"/>,
            <see cref="T:BreakGlass.CrdGen.Tests.Colour"/> and <c>kubectl</c>, or <see langword="null"/>: it's 100&#160;%.
            </summary>
          </member>
          <member name="P:BreakGlass.CrdGen.Tests.ThingSpec.Words"><summary>A description that is so long that it does not fit a line of the file, and so is folded into several lines of it.</summary></member>
          <member name="F:BreakGlass.CrdGen.Tests.Colour.Red"><summary>Like a rose.</summary></member>
        </members>
        """).Root!.Elements());
}
