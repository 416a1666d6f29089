import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CannotCheck } from './cannot-check.ts';

const run = promisify(execFile);

/** Git in one folder. */
export class Git {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Standard output, trimmed. @throws the error of the process */
  async ask(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { stdout } = await run('git', ['-C', this.#folder, ...args], {
      env: { ...process.env, ...env },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.trim();
  }

  /** Standard output; `undefined` if git fails. */
  async tryAsk(...args: readonly string[]): Promise<string | undefined> {
    try {
      return await this.ask(args);
    } catch {
      return undefined;
    }
  }

  /** The id of a commit; `undefined` if it is not here. */
  async commitOf(ref: string): Promise<string | undefined> {
    return this.tryAsk('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`);
  }

  /**
   * The commit that this checkout is compared with when nothing is named: where it left `main`, or the commit before, on
   * `main` itself.
   *
   * @throws CannotCheck where no such commit is here.
   */
  async base(): Promise<string> {
    const head = await this.commitOf('HEAD');
    if (head === undefined) throw await this.missing('HEAD');
    for (const main of ['origin/main', 'main']) {
      if ((await this.commitOf(main)) === undefined) continue;
      const left = await this.tryAsk('merge-base', 'HEAD', main);
      if (left !== undefined && left !== head) return left;
      const before = await this.commitOf('HEAD~1');
      if (left !== undefined && before !== undefined) return before;
      throw await this.missing(left === undefined ? `the commit where HEAD left ${main}` : 'HEAD~1');
    }
    throw await this.missing('main');
  }

  /** Why a commit is not here, and what to do. */
  async missing(ref: string): Promise<CannotCheck> {
    const shallow = await this.tryAsk('rev-parse', '--is-shallow-repository');
    if (shallow === undefined) {
      return new CannotCheck(
        `${this.#folder} is not in a git repository: name a file or a URL with --against`,
      );
    }
    return new CannotCheck(
      shallow === 'true'
        ? `This is a shallow clone, and ${ref} is not in it. Run "git fetch --unshallow", or in GitHub Actions set "fetch-depth: 0" of actions/checkout`
        : `There is no ${ref} in this repository. Run "git fetch", or name a commit, a file or a URL with --against`,
    );
  }
}
