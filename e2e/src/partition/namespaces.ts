import { execFileSync, spawn } from 'node:child_process';
import { compileCacheOf, root, watchProcess, type RunningProcess } from '../process.ts';

/** A part of a network: its own interfaces, and rules that affect nothing outside of it. */
export interface Part {
  /** The address at which this machine reaches it. */
  readonly address: string;
  /** This machine's address as it sees it. */
  readonly gateway: string;
  /** Starts Node in it. */
  start(file: string, environment: Readonly<Record<string, string>>): RunningProcess;
  /** Drops packets to and from an address or a port, without telling either side. */
  drop(what: { address: string } | { port: number }): void;
  /** Lets everything through again. */
  heal(): void;
}

/** Two parts, which reach this machine, and one another directly. */
export interface SplitNetwork extends Disposable {
  readonly left: Part;
  readonly right: Part;
  /** Address of the left one for the right one, and the reverse. */
  readonly between: Readonly<{ left: string; right: string }>;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

/** Why there can be no namespaces here; `undefined` if there can. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may make network namespaces';
  const probe = `arcadium-${process.pid}-p`;
  try {
    ip('netns', 'add', probe);
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr ?? error);
  }
  try {
    execFileSync('ip', ['netns', 'exec', probe, 'iptables', '-A', 'INPUT', '-j', 'DROP'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr ?? error);
  } finally {
    ip('netns', 'del', probe);
  }
}

/** Makes them; what is made is named after this process, and removed on disposal. */
export function splitNetwork(): SplitNetwork {
  const id = process.pid % 60;
  const subnet = (n: number, host: number) => `10.213.${id * 4 + n}.${host}`;
  const names = { left: `arcadium-${process.pid}-l`, right: `arcadium-${process.pid}-r` };
  const remove = () => {
    for (const name of Object.values(names)) {
      try {
        ip('netns', 'del', name); // and the interfaces in it with their other ends
      } catch {
        // It was not made.
      }
    }
  };
  try {
    const make = (name: string, n: number): Part => {
      const outside = `arc${process.pid}x${n}`;
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'up0', 'netns', name);
      ip('addr', 'add', `${subnet(n, 1)}/30`, 'dev', outside);
      ip('link', 'set', outside, 'up');
      ip('-n', name, 'addr', 'add', `${subnet(n, 2)}/30`, 'dev', 'up0');
      ip('-n', name, 'link', 'set', 'up0', 'up');
      return partOf(name, { address: subnet(n, 2), gateway: subnet(n, 1) });
    };
    const left = make(names.left, 0);
    const right = make(names.right, 1);
    const between = { left: subnet(2, 1), right: subnet(2, 2) };
    ip(
      '-n',
      names.left,
      'link',
      'add',
      'side0',
      'type',
      'veth',
      'peer',
      'name',
      'side0',
      'netns',
      names.right,
    );
    for (const [name, address] of [
      [names.left, between.left],
      [names.right, between.right],
    ] as const) {
      ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', 'side0');
      ip('-n', name, 'link', 'set', 'side0', 'up');
    }
    return { left, right, between, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function partOf(name: string, addresses: { address: string; gateway: string }): Part {
  const iptables = (...args: string[]) =>
    execFileSync('ip', ['netns', 'exec', name, 'iptables', ...args], { stdio: 'pipe' });
  return {
    ...addresses,
    start(file, environment) {
      const { PATH = '', HOME = '' } = process.env;
      const child = spawn('ip', ['netns', 'exec', name, process.execPath, file], {
        cwd: root,
        env: { PATH, HOME, ...compileCacheOf(root), ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return watchProcess(child);
    },
    drop(what) {
      const [out, back] =
        'port' in what
          ? [
              ['-p', 'tcp', '--dport', String(what.port)],
              ['-p', 'tcp', '--sport', String(what.port)],
            ]
          : [
              ['-d', what.address],
              ['-s', what.address],
            ];
      iptables('-A', 'OUTPUT', ...out, '-j', 'DROP');
      iptables('-A', 'INPUT', ...back, '-j', 'DROP');
    },
    heal: () => void iptables('-F'),
  };
}
