import { Ago } from '../../components/ago.tsx';
import { TableRoom } from '../../components/panel.tsx';
import { count } from '../../format.ts';
import style from './given-up.module.css';

interface GivenUpTable {
  items: readonly {
    id: string;
    title: string;
    topic: string;
    givenUpAt: string;
    attempts: number;
    error: string | null;
  }[];
  /** Ids of the chosen ones. */
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
}

export function GivenUpTable({ items, chosen, onChoose }: GivenUpTable) {
  const areAll = items.every(({ id }) => chosen.has(id));
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  return (
    <TableRoom label="Given up">
      <table className={style.table}>
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Choose all"
                checked={areAll}
                onChange={() => onChoose(new Set(areAll ? [] : items.map(({ id }) => id)))}
              />
            </th>
            <th scope="col">Title</th>
            <th scope="col">Topic</th>
            <th scope="col">Given up</th>
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col">Error</th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ id, title, topic, givenUpAt, attempts, error }) => (
            <tr key={id}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Choose ${title} (${id})`}
                  checked={chosen.has(id)}
                  onChange={() => toggle(id)}
                />
              </td>
              <th scope="row">{title}</th>
              <td>{topic}</td>
              <td>
                <Ago at={givenUpAt} />
              </td>
              <td className="number">{count(attempts)}</td>
              <td className={style.error}>{error ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableRoom>
  );
}
