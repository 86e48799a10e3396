namespace BreakGlass.Cli.Vouchers;

/// <summary><c>voucher</c>: access that is approved and signed beforehand, for an incident in which people cannot sign in.</summary>
internal static class VoucherCommand
{
    public static Command Create(Invocation invocation)
    {
        var command = new Command("voucher", "Prepare access for when people cannot sign in: keys, signed vouchers, and the kit for the safe. Works offline.");
        command.Subcommands.Add(AuthorityCommand.Create(invocation));
        command.Subcommands.Add(HolderCommand.Create(invocation));
        command.Subcommands.Add(IssueCommand.Create(invocation));
        command.Subcommands.Add(SignCommand.Create(invocation));
        command.Subcommands.Add(InspectCommand.Create(invocation));
        command.Subcommands.Add(KitCommand.Create(invocation));
        return command;
    }
}
