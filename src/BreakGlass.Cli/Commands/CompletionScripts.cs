namespace BreakGlass.Cli.Commands;

/// <summary>
/// What a shell is to run so that it asks <see cref="CompletionCommands.Hook"/>: that prints a candidate a line, after a tab what it is, and at last a
/// directive as cobra has them, <c>:4</c> for these candidates alone or <c>:0</c> for names of files.
/// </summary>
internal static class CompletionScripts
{
    /// <summary>
    /// By the name of the shell. <c>kubectl</c> is the script that kubectl asks for its plugin breakglass, kubectl_complete-breakglass on the PATH.
    /// </summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["kubectl"] = """
            #!/usr/bin/env sh
            exec kubectl-breakglass __complete "$@"
            """,
        ["bash"] = """
            _kubectl_breakglass() {
                local line
                COMPREPLY=()
                while IFS= read -r line; do
                    case "$line" in :*) ;; *) COMPREPLY+=("${line%%$'\t'*}") ;; esac
                done < <(kubectl-breakglass __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
            }
            complete -o default -F _kubectl_breakglass kubectl-breakglass
            """,
        ["zsh"] = """
            #compdef kubectl-breakglass
            _kubectl_breakglass() {
                local line word about
                local -a candidates
                for line in "${(@f)$(kubectl-breakglass __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
                    case "$line" in
                        :0) _files; return ;;
                        :* | "") ;;
                        *)
                            word="${line%%$'\t'*}" about="${line#*$'\t'}"
                            candidates+=("${word//:/\\:}${${about:#$word}:+:$about}")
                            ;;
                    esac
                done
                compset -P '--*='
                _describe -t breakglass 'kubectl breakglass' candidates
            }
            compdef _kubectl_breakglass kubectl-breakglass
            if [ "$funcstack[1]" = _kubectl_breakglass ]; then _kubectl_breakglass; fi
            """,
        ["fish"] = """
            function __kubectl_breakglass_complete
                set -l word (commandline -ct)
                set -l words (commandline -opc) "$word"
                set -l prefix (string match -r -- '^--[^=]+=' "$word")
                for line in (kubectl-breakglass __complete $words[2..-1] 2>/dev/null)
                    switch $line
                        case ':0'
                            __fish_complete_path "$word"
                        case ':*'
                        case '*'
                            printf '%s%s\n' "$prefix" $line
                    end
                end
            end
            complete -c kubectl-breakglass -f -a '(__kubectl_breakglass_complete)'
            """,
    };
}
