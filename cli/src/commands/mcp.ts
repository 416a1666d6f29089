import { once } from 'node:events';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { Entry, Group } from '../command-entry.ts';
import { runTool } from '../mcp/run-tool.ts';
import { hidingSecrets } from '../mcp/secrets.ts';
import { toolsOf, type Tool } from '../mcp/tool.ts';
import { NoSecret } from '../call/log-in.ts';
import { openSession, type AdministratorSession } from './administrator.ts';

/** Time without a log-in after one that failed, in milliseconds: failures count against the account. */
const retryAfterMs = 60_000;

/** `mcp`: serves the read-only commands of a table as tools, until its input ends. */
export function mcp(self: Command, table: Readonly<Record<string, Entry | Group>>): Command {
  return self
    .addHelpText(
      'after',
      `
A client of the Model Context Protocol starts it and speaks JSON-RPC with it over standard input and output. Its tools
are the commands that change nothing, with their --json. With --email, the password is in MESH_PASSWORD, and a code in
MESH_CODE.

Example:
  npm run mesh -- mcp

In the settings of a client:
  { "command": "npm", "args": ["run", "--silent", "mesh", "--", "mcp"], "cwd": "/path/to/this/repository" }`,
    )
    .action(async (_options: object, command: Command) => {
      const tools = await toolsOf(table);
      await using logIn = new SharedLogIn(command);
      const server = serveStdio(() => serverOf(tools, logIn, command), {
        onerror: (error) => console.error(error.message),
      });
      await Promise.race([
        once(process.stdin, 'end'),
        once(process.stdin, 'close'),
        once(process, 'SIGTERM'),
      ]);
      await server.close();
    });
}

function serverOf(tools: readonly Tool[], logIn: SharedLogIn, command: Command): McpServer {
  const hide = hidingSecrets();
  const { email } = command.optsWithGlobals<{ email?: string }>();
  const server = new McpServer({ name: 'arcadium-mesh', version: manifest.version });
  for (const { name, description, input, words } of tools) {
    server.registerTool(
      name,
      { description, inputSchema: input, annotations: { readOnlyHint: true, openWorldHint: false } },
      async (given, { mcpReq: { signal } }) => {
        const all = [...(email === undefined ? [] : [`--email=${email}`]), ...words(given)];
        const { text, isError } = await runTool(all, { environment: await logIn.environment(), signal });
        return { content: [{ type: 'text', text: hide(text) }], isError };
      },
    );
  }
  return server;
}

/** One session for all tools: each would begin its own, and a user has a limited number of them. */
class SharedLogIn implements AsyncDisposable {
  readonly #command: Command;
  #session: Promise<AdministratorSession> | undefined;
  #failedAt = -Infinity;

  constructor(command: Command) {
    this.#command = command;
  }

  /** For the process of a command: with an access token or, if there is none, without; it then says why. */
  async environment(): Promise<Record<string, string>> {
    if (performance.now() - this.#failedAt < retryAfterMs) return {};
    try {
      this.#session ??= openSession(this.#command, neverAsk);
      const session = await this.#session;
      await session.renew();
      return { MESH_ACCESS_TOKEN: session.token() };
    } catch {
      this.#session = undefined;
      this.#failedAt = performance.now();
      return {};
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    await session?.[Symbol.asyncDispose]();
  }
}

/** Standard input has the protocol. */
async function neverAsk(what: string, of: string): Promise<string> {
  throw new NoSecret(`No ${what.toLowerCase()} of ${of} is set`);
}
