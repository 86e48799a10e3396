using Microsoft.Extensions.Logging.Console;

namespace BreakGlass.Operator.Logging;

/// <summary>Where log entries go: one JSON object a line on standard output, with secrets masked.</summary>
internal static class OperatorLogging
{
    /// <summary>Creates the loggers. Dispose it at the very end: that writes what is still waiting.</summary>
    /// <param name="level">The least serious entries that are written.</param>
    public static ILoggerFactory Create(LogLevel level) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(level);
        builder.AddConsole(options =>
        {
            options.FormatterName = JsonLineFormatter.FormatterName;

            // A pipe that is not read must not hold up a revocation; how many entries were dropped is said once it flows again.
            options.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        builder.Services.AddSingleton<ConsoleFormatter>(new JsonLineFormatter(TimeProvider.System));
    });
}
