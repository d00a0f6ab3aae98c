// SPDX-License-Identifier: Apache-2.0
import { useEffect, useMemo } from 'preact/hooks';
import { effect } from '@preact/signals';
import { Asking } from '../api/asking';
import { awaySince, returns } from '../api/status';
import { live, stand } from '../state/store';

/** A panel's own question, asked anew when its statement changes, while live also every `paceMs`. */
export function useAsking<T>(statement: () => string | null, key: string, paceMs = 0): Asking<T> {
  const asking = useMemo(() => new Asking<T>(), [key]);
  useEffect(() => {
    const task = (): void => {
      const text = statement();
      if (text !== null) asking.ask(text);
    };
    const stop = effect(() => {
      void returns.value;
      void stand.value;
      task();
      if (!live.value || paceMs === 0) return undefined;
      const timer = setInterval(() => {
        if (!document.hidden && awaySince.peek() === null) task();
      }, paceMs);
      return () => clearInterval(timer);
    });
    return () => {
      stop();
      asking.stop();
    };
  }, [key]);
  return asking;
}
