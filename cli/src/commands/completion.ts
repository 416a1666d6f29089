import { Argument, type Command } from 'commander';
import { shells, shellScript, type Shell } from '../completion/shell-script.ts';
import { examples } from './examples.ts';

/** `completion <shell>`: prints a script that completes `mesh`. */
export function completion(self: Command): Command {
  self
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      `
To use it, add one of these to the start of your shell:
  bash: eval "$(mesh completion bash)"
  zsh:  eval "$(mesh completion zsh)", after compinit
  fish: mesh completion fish | source
It completes commands, options, services, and the procedures of call, which a running service tells.`,
    )
    .action((shell: Shell) => {
      const [, script = ''] = process.argv;
      process.stdout.write(
        shellScript(shell, [process.execPath, '--disable-warning=ExperimentalWarning', script]),
      );
    });
  return examples(self, 'completion bash');
}
