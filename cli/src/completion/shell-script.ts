export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * A script that completes `mesh` in a shell: it asks the program itself, so that it knows what the installed version knows.
 *
 * @param program The words that start the program.
 */
export function shellScript(shell: Shell, program: readonly string[]): string {
  return scripts[shell](`${program.map(quoted).join(' ')} __complete`);
}

const scripts: Readonly<Record<Shell, (ask: string) => string>> = {
  bash: (ask) => `# Completion of mesh for bash: eval "$(mesh completion bash)"
_mesh() {
  local IFS=$'\\n'
  COMPREPLY=($(${ask} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
  case "\${COMPREPLY[0]-}" in
    *.) compopt -o nospace 2>/dev/null || true ;;
  esac
}
complete -F _mesh mesh
`,
  zsh: (ask) => `#compdef mesh
# Completion of mesh for zsh, after compinit: eval "$(mesh completion zsh)"
_mesh() {
  local line
  local -a found open
  for line in "\${(@f)$(${ask} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "\${line%%$'\\t'*}" in
      '') ;;
      *.) open+=("\${line%%$'\\t'*}") ;;
      *) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( \${#open} )) && compadd -S '' -a open
  (( \${#found} )) && _describe 'mesh' found
}
compdef _mesh mesh
`,
  fish: (ask) => `# Completion of mesh for fish: mesh completion fish | source
function __mesh_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct | string collect --allow-empty)
  ${ask} $words[2..] "$word[1]" 2>/dev/null
end
complete -c mesh -f -a '(__mesh_complete)'
`,
};

/** A word that a shell takes as it stands. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
