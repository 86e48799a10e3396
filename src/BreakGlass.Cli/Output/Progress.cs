using Spectre.Console;

namespace BreakGlass.Cli.Output;

/// <summary>Shows what the command waits for: one changing line on a terminal, otherwise a line for each change.</summary>
internal static class Progress
{
    public static async Task<T> RunAsync<T>(CliHost host, string first, Func<Action<string>, Task<T>> work)
    {
        if (!host.ErrorIsTerminal)
        {
            var last = "";
            return await work(text =>
            {
                if (text == last) return;
                last = text;
                host.Error.WriteLine(VisibleText.Line(text));
            });
        }

        var console = Terminal.For(host, host.Error, isTerminal: true);
        return await console.Status().Spinner(Spinner.Known.Line)
            .StartAsync(Markup.Escape(first), status => work(text => status.Status = Markup.Escape(VisibleText.Line(text))));
    }
}
