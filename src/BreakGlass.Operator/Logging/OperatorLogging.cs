namespace BreakGlass.Operator.Logging;
internal static class OperatorLogging { public static ILoggerFactory Create(LogLevel level) => LoggerFactory.Create(b => b.SetMinimumLevel(level).AddJsonConsole(o => { o.IncludeScopes = true; o.UseUtcTimestamp = true; })); }
