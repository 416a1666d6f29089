import { useEffect } from 'react';

/** Title of the document while a view is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Arcadium`;
  }, [title]);
}
