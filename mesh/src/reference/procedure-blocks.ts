import { defaultTimeoutMs, type ContractSnapshot, type ProcedureDescription } from '../contract/index.ts';
import { code, heading, paragraph, table, type Block, type Words } from './block.ts';
import { exampleCommand } from './example-command.ts';
import { fieldsOf, typeOf, type Schema } from './schema-fields.ts';

/** What a page of the reference shows. */
export type ReferenceOptions = Readonly<{
  /** Whether schemas, errors and examples are shown, or an overview alone. @default true */
  details?: boolean;
}>;

/** The reference of a service: every procedure of its contract, in groups. */
export function procedureBlocks(
  { name, procedures }: Pick<ContractSnapshot, 'name' | 'procedures'>,
  { details = true }: ReferenceOptions = {},
): readonly Block[] {
  const groups = Map.groupBy(procedures, ({ path }) => path.split('.').slice(0, -1).join('.'));
  const blocksOfGroup = ([group, own]: readonly [string, readonly ProcedureDescription[]]) => [
    ...(group === '' ? [] : [heading(2, group)]),
    table(
      ['Procedure', 'Kind', 'Who may call', 'What it does'],
      own.map(({ path, kind, access, summary }) => [[code(path)], [kind], [access.words], [summary]]),
    ),
    ...(details ? own.flatMap((one) => blocksOf(name, one)) : []),
  ];
  return [...groups].flatMap(blocksOfGroup);
}

function blocksOf(service: string, procedure: ProcedureDescription): readonly Block[] {
  const { path, kind, summary, input, inputOptional, output, errors, examples = [] } = procedure;
  // An input that may be left out needs no example.
  const inputs = examples.length === 0 && inputOptional ? [undefined] : examples;
  const commands = inputs.map((one) => exampleCommand(service, procedure, one));
  return [
    heading(3, path),
    paragraph(`${summary}.`),
    table(['', ''], factsOf(procedure)),
    ...schemaBlocks(input && inputOptional ? 'Input (may be left out)' : 'Input', input),
    ...schemaBlocks(kind === 'subscription' ? 'Each event' : 'Output', output),
    ...(errors.length === 0 ? [] : [heading(4, 'Errors'), errorTable(errors)]),
    ...(commands.length === 0 ? [] : [heading(4, commands.length > 1 ? 'Examples' : 'Example')]),
    ...commands.map((text): Block => ({ type: 'code', language: 'sh', text })),
  ];
}

const repeats = {
  true: 'a repeated call changes nothing more',
  false: 'do not repeat a call whose outcome is unknown',
  'by-key': 'a repeated idempotency key gets the first answer',
} as const;

const priorities: Readonly<Record<ProcedureDescription['priority'], string>> = {
  critical: 'critical: refused last under overload',
  normal: 'normal',
  sheddable: 'sheddable: refused first under overload',
};

function factsOf(procedure: ProcedureDescription): readonly (readonly Words[])[] {
  const { kind, access, idempotent, timeoutMs, rateLimit, priority, hedge } = procedure;
  const facts: readonly (readonly [string, string | false])[] = [
    ['Kind', kind],
    ['Who may call', access.words],
    ['Repeating', kind === 'mutation' && repeats[`${idempotent}`]],
    ['Time limit', kind !== 'subscription' && `${(timeoutMs ?? defaultTimeoutMs) / 1000} s for an attempt`],
    [
      'Rate limit',
      rateLimit !== null && `${rateLimit.calls} calls of an address in ${rateLimit.perMs / 1000} s`,
    ],
    ['Priority', kind !== 'subscription' && priorities[priority]],
    ['Hedged', hedge && 'a call slower than 99 % of the others gets a second attempt'],
  ];
  return facts.flatMap(([name, fact]) => (fact === false ? [] : [[[name], [fact]]]));
}

function schemaBlocks(title: string, schema: Schema | null): readonly Block[] {
  if (schema === null) return [heading(4, title), paragraph('None.')];
  const forms = fieldsOf(schema);
  if (forms.every((rows) => rows.length === 0))
    return [heading(4, title), paragraph(forms.length > 0 ? 'An empty object.' : `${typeOf(schema)}.`)];
  return forms.flatMap((rows, index) => [
    heading(4, forms.length > 1 ? `${title}, form ${index + 1}` : title),
    table(
      ['Field', 'Type', 'Required', 'Bounds'],
      rows.map(({ name, type, required, bounds, pattern }) => [
        [code(name)],
        [code(type)],
        [required ? 'yes' : 'no'],
        pattern === null ? [bounds] : [bounds === '' ? 'matches ' : `${bounds}, matches `, code(pattern)],
      ]),
    ),
  ]);
}

function errorTable(errors: ProcedureDescription['errors']): Block {
  return table(
    ['Name', 'Code', 'HTTP', 'Message', 'Data'],
    errors.map(({ name, code: status, httpStatus, message, data }) => [
      [code(name)],
      [code(status)],
      [String(httpStatus)],
      [message ?? 'depends on the data'],
      (fieldsOf(data)[0] ?? []).flatMap(({ name: field }, index) => [index > 0 ? ', ' : '', code(field)]),
    ]),
  );
}
