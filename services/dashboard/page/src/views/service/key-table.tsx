import type { SigningKeyView } from '@arcadium/contracts/dashboard';
import { TableRoom } from '../../components/panel.tsx';
import { duration } from '../../format.ts';

const next: Readonly<Record<SigningKeyView['state'], string>> = {
  next: 'signs in',
  current: 'rotates in',
  old: 'removed in',
};

/** The keys that a service signs tokens with. */
export function KeyTable({ keys }: { keys: readonly SigningKeyView[] }) {
  return (
    <TableRoom label="Signing keys">
      <table>
        <thead>
          <tr>
            <th scope="col">Signing key</th>
            <th scope="col">State</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {keys.map(({ kid, state, changesInSeconds }) => (
            <tr key={kid}>
              <th scope="row">
                <code>{kid}</code>
              </th>
              <td>{state}</td>
              <td>{changesInSeconds === null ? '–' : `${next[state]} ${duration(changesInSeconds)}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableRoom>
  );
}
