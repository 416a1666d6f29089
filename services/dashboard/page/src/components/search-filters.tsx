import { useEffect, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useStatus } from '../api/live.ts';

/** The filters of a view: kept in its address, so that a colleague sees the same. */
export function useFilters(): [URLSearchParams, (name: string, value: string) => void] {
  const [search, setSearch] = useSearchParams();
  const change = (name: string, value: string): void =>
    setSearch(
      (previous) => {
        if (value === '') previous.delete(name);
        else previous.set(name, value);
        return previous;
      },
      { replace: true },
    );
  return [search, change];
}

interface Filter {
  value: string;
  onChange: (value: string) => void;
}

export function ServiceFilter({ value, onChange }: Filter) {
  const { data } = useStatus();
  const names = new Set((data?.services ?? []).map(({ service }) => service));
  if (value !== '') names.add(value);
  return (
    <label>
      Service
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        <option value="">All</option>
        {[...names].toSorted().map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

/** Wait after the last key before the filter applies, in milliseconds. */
const typingMs = 250;

export function TextFilter({ label, value, onChange }: Filter & { label: string }) {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    // A link or the back button changed the address.
    setSeen(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), typingMs);
    return () => clearTimeout(timer);
  });
  return (
    <label>
      {label}
      <input type="search" value={text} maxLength={200} onChange={({ target }) => setText(target.value)} />
    </label>
  );
}
