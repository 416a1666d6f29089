import type { MeshMap } from '@arcadium/contracts/dashboard';
import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import style from './map-view.module.css';
import { Scene } from './scene.ts';

interface MapCanvas {
  map: MeshMap;
  /** The edge to light, as `caller~target`. */
  selected: string | null;
  onSelect: (edge: string | null) => void;
  isLive: boolean;
  /** Whether it is one part of a view among others. */
  isPart?: boolean;
}

export function MapCanvas({ map, selected, onSelect, isLive, isPart = false }: MapCanvas) {
  const host = useRef<HTMLDivElement>(null);
  const scene = useRef<Scene>(undefined);
  const [, navigate] = useLocation();
  const actions = useRef({ onSelect, navigate });
  useEffect(() => {
    actions.current = { onSelect, navigate };
  });
  useEffect(() => {
    if (!host.current) return undefined;
    const made = new Scene(host.current, {
      onSelect: (edge) => actions.current.onSelect(edge),
      onOpen: (href) => actions.current.navigate(href),
    });
    scene.current = made;
    return () => made.stop();
  }, []);
  useEffect(() => scene.current?.show(map, { selected, isLive }), [map, selected, isLive]);
  return <div className={`${style.canvas} ${isPart ? style.part : ''}`} ref={host} />;
}
