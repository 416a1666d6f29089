import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Label, Slider, SliderThumb, SliderTrack } from 'react-aria-components';
import { api } from '../../api/client.ts';
import { duration, timeOfDay } from '../../format.ts';
import style from './time-slider.module.css';

/** How far back the map is recorded, in minutes. */
const span = 360;
const minuteMs = 60_000;

interface TimeSlider {
  /** The chosen minute; null for live. */
  at: string | null;
  onChange: (at: string | null) => void;
}

/** Chooses a minute of the last six hours; at the right end, the map is live. */
export function TimeSlider({ at, onChange }: TimeSlider) {
  const now = useMinute();
  const chosen = at === null ? 0 : Math.round((Date.parse(at) - now) / minuteMs);
  const [dragged, setDragged] = useState<number>();
  const value = dragged ?? Math.max(-span, Math.min(0, chosen));
  const choose = (minutes: number): void =>
    onChange(minutes >= 0 ? null : new Date(now + Math.max(-span, minutes) * minuteMs).toISOString());
  return (
    <div className={style.bar}>
      <button
        type="button"
        onClick={() => choose(value - 1)}
        disabled={value <= -span}
        aria-label="A minute earlier"
      >
        ‹
      </button>
      <Slider
        className={style.slider ?? ''}
        minValue={-span}
        maxValue={0}
        value={value}
        onChange={(minutes) => typeof minutes === 'number' && setDragged(minutes)}
        onChangeEnd={(minutes) => {
          setDragged(undefined);
          if (typeof minutes === 'number') choose(minutes);
        }}
      >
        <Label className="hidden">Minutes before now</Label>
        <SliderTrack className={style.track ?? ''}>
          <Incidents now={now} />
          <SliderThumb className={style.thumb ?? ''} />
        </SliderTrack>
      </Slider>
      <button
        type="button"
        onClick={() => choose(value + 1)}
        disabled={value >= 0}
        aria-label="A minute later"
      >
        ›
      </button>
      <output className={style.chosen}>
        {value === 0
          ? timeOfDay(new Date(now).toISOString())
          : `${timeOfDay(new Date(now + value * minuteMs).toISOString())} · ${duration(-value * 60)} ago`}
      </output>
      <button type="button" className={style.live} aria-pressed={at === null} onClick={() => onChange(null)}>
        Live
      </button>
    </div>
  );
}

/** Incidents as marks on the track, to find the minutes that matter. */
function Incidents({ now }: { now: number }) {
  const { data } = useQuery({
    queryKey: ['incidents', 'slider', now],
    queryFn: () => api.status.incidents.query({ limit: 100 }),
    placeholderData: (previous) => previous,
  });
  const place = (iso: string): number =>
    Math.max(0, Math.min(span, span + (Date.parse(iso) - now) / minuteMs));
  return (
    <svg className={style.marks} viewBox={`0 0 ${span} 6`} preserveAspectRatio="none" aria-hidden="true">
      <rect className={style.rail} width={span} height="6" />
      {data?.items.map(({ id, startedAt, endedAt }) => {
        const from = place(startedAt);
        const to = endedAt === null ? span : place(endedAt);
        return (
          to > 0 && (
            <rect key={id} className={style.incident} x={from} width={Math.max(2, to - from)} height="6" />
          )
        );
      })}
    </svg>
  );
}

/** The time, once a minute. */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), minuteMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}
