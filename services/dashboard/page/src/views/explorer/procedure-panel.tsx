import type { ExplorerProcedure } from '@arcadium/contracts/dashboard';
import { fieldsOf, typeOf, type Schema } from '@arcadium/mesh/reference';
import { Panel } from '../../components/panel.tsx';
import { numbers, Table } from '../../components/table.tsx';
import { milliseconds } from '../../format.ts';
import { CallForm } from './call-form.tsx';
import { JsonText } from './json-text.tsx';
import style from './procedure-panel.module.css';

const repeats = { true: 'yes', false: 'no', 'by-key': 'with an idempotency key' } as const;

interface Chosen {
  service: string;
  procedure: ExplorerProcedure;
  /** Services on whose behalf an administrator may call. */
  behalf: readonly string[];
}

/** What the contract says of one procedure, and a form to call it. */
export function ProcedurePanel({ service, procedure, behalf }: Chosen) {
  const { path, kind, summary, access, idempotent, timeoutMs, input, output, errors } = procedure;
  return (
    <>
      <Panel title={`${service}.${path}`} aside={<span className={style.kind}>{kind}</span>}>
        <div className={style.about}>
          <p>{summary}</p>
          <dl className={style.facts}>
            <dt>Who may call</dt>
            <dd>{access.words}</dd>
            {kind === 'mutation' && (
              <>
                <dt>Safe to repeat</dt>
                <dd>{repeats[`${idempotent}`]}</dd>
              </>
            )}
            {timeoutMs !== null && (
              <>
                <dt>Time for an attempt</dt>
                <dd>{milliseconds(timeoutMs)}</dd>
              </>
            )}
          </dl>
        </div>
      </Panel>
      <CallForm service={service} procedure={procedure} behalf={behalf} />
      {input !== null && <FieldTables schema={input} />}
      {errors.length > 0 && <ErrorTable errors={errors} />}
      <Panel title="Schemas">
        <div className={style.schemas}>
          <SchemaText name="Input" schema={input} />
          <SchemaText name={kind === 'subscription' ? 'Event' : 'Output'} schema={output} />
        </div>
      </Panel>
    </>
  );
}

/** A table for each object that the input may be. */
function FieldTables({ schema }: { schema: Schema }) {
  const forms = fieldsOf(schema).filter((fields) => fields.length > 0);
  return forms.map((fields, index) => {
    const title = forms.length > 1 ? `Input, form ${index + 1}` : 'Input';
    return (
      <Panel key={title} title={title} flush>
        <Table
          label={`Fields of the ${title.toLowerCase()}`}
          columns={['Field', 'Type', 'Required', 'Bounds']}
        >
          {fields.map(({ name, type, required, bounds, pattern }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{type}</td>
              <td>{required ? 'yes' : 'no'}</td>
              <td>
                {bounds} {pattern !== null && <code>{pattern}</code>}
              </td>
            </tr>
          ))}
        </Table>
      </Panel>
    );
  });
}

function ErrorTable({ errors }: Pick<ExplorerProcedure, 'errors'>) {
  return (
    <Panel title="Errors" flush>
      <Table label="Errors of the procedure" columns={['Name', 'Code', ...numbers('HTTP'), 'Message']}>
        {errors.map(({ name, code, httpStatus, message }) => (
          <tr key={name}>
            <th scope="row">
              <code>{name}</code>
            </th>
            <td>{code}</td>
            <td className="number">{httpStatus}</td>
            <td>{message ?? '–'}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

function SchemaText({ name, schema }: { name: string; schema: Schema | null }) {
  if (schema === null) return <p className="muted">{name}: none</p>;
  return (
    <details>
      <summary>
        {name}: {typeOf(schema)}
      </summary>
      <JsonText label={name} text={JSON.stringify(schema, null, 2)} />
    </details>
  );
}
