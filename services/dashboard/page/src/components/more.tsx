import style from './more.module.css';

interface More {
  query: {
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    fetchNextPage: () => Promise<unknown>;
  };
}

/** The next page of a list, if there is one. */
export function More({ query }: More) {
  if (!query.hasNextPage) return null;
  return (
    <p className={style.more}>
      <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        Older ones
      </button>
    </p>
  );
}
