import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

// Each function, class and constant that a door of the mesh exports has an example in its docstring, and all of them
// compile. The doors' names, and those of src/doc-examples/prelude.ts, are imported where an example uses them.

const root = join(import.meta.dirname, '..');
const prelude = join(import.meta.dirname, 'src', 'doc-examples', 'prelude.ts');
const { exports } = JSON.parse(readFileSync(join(root, 'mesh', 'package.json'), 'utf8')) as {
  exports: Record<string, string>;
};

interface Exported {
  readonly name: string;
  readonly isType: boolean;
  /** The docstring; none for a name of another package. */
  readonly docstring: string | undefined;
}

/** What a file exports, in order. */
function exportedBy(file: string): Exported[] {
  const lists = readFileSync(file, 'utf8').matchAll(/^export (type )?\{([^}]*)\} from '([^']+)';/gm);
  return Array.from(lists, ([, typeOnly, list = '', from = '']) =>
    list
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
      .map((entry) => {
        const [own = '', name = own] = entry.replace(/^type /, '').split(' as ');
        const isType = typeOnly !== undefined || entry.startsWith('type ');
        return { name, isType, docstring: docstringOf(file, from, own) };
      }),
  ).flat();
}

/** The docstring of a name that a file takes from another one. */
function docstringOf(file: string, from: string, name: string): string | undefined {
  if (!from.startsWith('.')) return undefined;
  const declaring = join(dirname(file), from);
  const declared = new RegExp(
    String.raw`(/\*\*(?:(?!\*/)[^])*\*/\n(?://.*\n)*)?export (?:abstract )?(?:async )?(?:function\*?|class|const|type|interface) ${name}\b`,
  ).exec(readFileSync(declaring, 'utf8'));
  if (declared) return declared[1] ?? '';
  return exportedBy(declaring).find((exported) => exported.name === name)?.docstring;
}

/** The code of the examples in a docstring. */
function examplesIn(docstring: string): string[] {
  const text = docstring.replaceAll(/^ *(?:\/\*\*|\*\/| \*(?!\/)) ?/gm, '').replaceAll(/ *\*\/$/gm, '');
  return Array.from(text.matchAll(/^@example\n([^]*?)(?=^@\w|(?![^]))/gm), ([, code = '']) =>
    code.replaceAll(/^```.*$/gm, '').trim(),
  );
}

const doors = Object.entries(exports).map(([door, file]) => ({
  specifier: `@arcadium/mesh${door.slice(1)}`,
  exported: exportedBy(join(root, 'mesh', file)),
}));

test.each(doors)('each function, class and constant of $specifier has an example', ({ exported }) => {
  const without = exported
    .filter(({ isType, docstring }) => !isType && docstring !== undefined)
    .filter(({ docstring = '' }) => examplesIn(docstring).every((code) => code === ''))
    .map(({ name }) => name);
  expect(without).toEqual([]);
});

const folder = mkdtempSync(join(tmpdir(), 'doc-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Where each name comes from: a door, or the prelude. */
const origins = new Map([
  ...Array.from(
    readFileSync(prelude, 'utf8').matchAll(
      /^export (?:declare )?(?:const|function|(type)) (\w+)|^export \{([^}]*)\};/gm,
    ),
    ([, type, declared, given = '']) =>
      (declared === undefined ? given.split(',') : [declared]).map(
        (name) => [name.trim(), { specifier: './prelude.ts', isType: type !== undefined }] as const,
      ),
  ).flat(),
  ...doors.flatMap(({ specifier, exported }) =>
    exported.map(({ name, isType }) => [name, { specifier, isType }] as const),
  ),
]);

/** An example as a module that imports the names which it neither declares nor imports. */
function moduleOf(code: string): string {
  const uses = code.replaceAll(/'[^'\n]*'|\/\/.*$/gm, '');
  const declares = (name: string) =>
    new RegExp(
      String.raw`\b(?:const|let|using|function|class|type) ${name}\b|\b(?:const|import) \{[^}]*\b${name}\b[^}]*\} (?:=|from)`,
    ).test(code);
  // Neither a member (`.name`, but `...name`) nor a key (`name:`).
  const isUsed = (name: string) => new RegExp(String.raw`(?<!\w|(?<!\.\.)\.)${name}\b(?!:)`).test(uses);
  const imports = [...origins]
    .filter(([name]) => isUsed(name) && !declares(name))
    .map(
      ([name, { specifier, isType }]) => `import { ${isType ? 'type ' : ''}${name} } from '${specifier}';\n`,
    );
  return `${imports.join('')}export {};\n${code}\n`;
}

test('the examples compile', async () => {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'prelude.ts'), readFileSync(prelude));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ['*.ts'],
    }),
  );
  let written = 0;
  for (const { specifier, exported } of doors)
    for (const { name, docstring = '' } of exported)
      for (const [index, code] of examplesIn(docstring).entries()) {
        writeFileSync(join(folder, `${specifier.split('/').at(-1)}.${name}.${index}.ts`), moduleOf(code));
        written += 1;
      }
  expect(written).toBeGreaterThan(100);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiled = await promisify(execFile)(process.execPath, [tsc, '-p', folder], { cwd: folder }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  expect(compiled).toBe('');
}, 120_000);
