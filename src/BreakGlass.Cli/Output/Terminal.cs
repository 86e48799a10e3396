using Spectre.Console;

namespace BreakGlass.Cli.Output;

/// <summary>Spectre's consoles over our writers.</summary>
internal static class Terminal
{
    public static IAnsiConsole For(CliHost host, TextWriter writer, bool isTerminal)
    {
        var colour = isTerminal && host.MayColour;
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal && host.Variable("TERM") != "dumb" ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
        });
    }
}
