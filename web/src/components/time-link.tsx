// SPDX-License-Identifier: Apache-2.0
import { clock, clockMs, clockNear, parseTime } from '../format/time';
import { zone } from '../state/prefs';
import { at, goToEvent } from '../state/store';

/** A time that moves t when clicked; the whole text stands in its title. */
export function TimeLink({ time, precise = false }: { time: string | null | undefined; precise?: boolean }) {
  const ms = parseTime(time);
  if (ms === null) return <>–</>;
  const near = precise ? clockMs(ms, zone.value) : clock(ms, zone.value);
  const dated = clockNear(ms, at.value, zone.value);
  const text = dated.length > 8 ? dated.replace(/\d\d:\d\d:\d\d$/, near) : near;
  return (
    <button type="button" class="link" title={time ?? ''} onClick={(e) => {
      e.stopPropagation();
      goToEvent(ms);
    }}>
      {text}
    </button>
  );
}
