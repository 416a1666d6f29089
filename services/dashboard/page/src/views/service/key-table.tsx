import type { SigningKeyView } from '@arcadium/contracts/dashboard';
import { Table } from '../../components/table.tsx';
import { duration } from '../../format.ts';

const next: Readonly<Record<SigningKeyView['state'], string>> = {
  next: 'signs in',
  current: 'rotates in',
  old: 'removed in',
};

/** The keys that a service signs tokens with. */
export function KeyTable({ keys }: { keys: readonly SigningKeyView[] }) {
  return (
    <Table label="Signing keys" columns={['Signing key', 'State', 'Change']}>
      {keys.map(({ kid, state, changesInSeconds }) => (
        <tr key={kid}>
          <th scope="row">
            <code>{kid}</code>
          </th>
          <td>{state}</td>
          <td>{changesInSeconds === null ? '–' : `${next[state]} ${duration(changesInSeconds)}`}</td>
        </tr>
      ))}
    </Table>
  );
}
