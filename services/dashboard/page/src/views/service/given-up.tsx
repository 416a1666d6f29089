import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { Failure } from '../../components/failure.tsx';
import { More } from '../../components/more.tsx';
import { Note, Panel } from '../../components/panel.tsx';
import { plural } from '../../format.ts';
import { DeleteQuestion } from './delete-question.tsx';
import { GivenUpTable } from './given-up-table.tsx';
import style from './given-up.module.css';

const refreshMs = 5000;
/** Most ids of one call. */
const mostIds = 100;

type Action = 'retry' | 'drop';
const done: Record<Action, string> = { retry: 'will be tried again', drop: 'deleted' };

/** What a service gave up, to be tried again or deleted. */
export function GivenUp({ service, hasSome }: { service: string; hasSome: boolean }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [result, setResult] = useState('');
  const message = useRef<HTMLParagraphElement>(null);
  const question = useRef<HTMLDialogElement>(null);
  const list = useInfiniteQuery({
    queryKey: ['outbox', service],
    queryFn: ({ pageParam }) =>
      api.outbox.list.query({ service, limit: 50, ...(pageParam && { cursor: pageParam }) }),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) === 1 ? refreshMs : false),
    enabled: hasSome,
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const ids = items.map(({ id }) => id).filter((id) => chosen.has(id));
  const change = useMutation({
    mutationFn: async (action: Action) => {
      let changed = 0;
      for (let start = 0; start < ids.length; start += mostIds) {
        const part = ids.slice(start, start + mostIds);
        changed += (await api.outbox[action].mutate({ service, ids: part })).changed;
      }
      return { action, changed, asked: ids.length };
    },
    onSuccess: ({ action, changed, asked }) => {
      const others = asked === changed ? '' : ` ${asked - changed} of ${asked} were no longer given up.`;
      setResult(`${plural(changed, 'notification')} ${done[action]}.${others}`);
      setChosen(new Set());
      message.current?.focus();
    },
    // Also after a failure: a part may have been changed.
    onSettled: () =>
      Promise.all(
        ['outbox', 'service'].map((key) => queries.invalidateQueries({ queryKey: [key, service] })),
      ),
  });
  const choose = (next: ReadonlySet<string>): void => {
    setChosen(next);
    setResult('');
  };
  const start = (action: Action): void => {
    if (change.isPending) return;
    if (ids.length === 0) setResult('Choose at least one notification.');
    else if (action === 'drop') question.current?.showModal();
    else change.mutate(action);
  };
  if (!hasSome && result === '') return null;
  return (
    <Panel title="Given up" flush>
      <div className={style.tools}>
        {items.length > 0 && (
          <>
            <button type="button" onClick={() => start('retry')}>
              Try again
            </button>
            <button type="button" onClick={() => start('drop')}>
              Delete
            </button>
          </>
        )}
        <p role="status" tabIndex={-1} ref={message}>
          {change.isPending ? 'Working…' : result}
        </p>
      </div>
      {change.error && <Failure error={change.error} />}
      {list.error && <Failure error={list.error} />}
      {items.length > 0 && <GivenUpTable items={items} chosen={chosen} onChoose={choose} />}
      {list.data && items.length === 0 && <Note>Nothing is given up.</Note>}
      <More query={list} />
      <DeleteQuestion dialog={question} number={ids.length} onDelete={() => change.mutate('drop')} />
    </Panel>
  );
}
