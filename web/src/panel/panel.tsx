// SPDX-License-Identifier: Apache-2.0
//
// The panel on the right follows the selection; without one it shows the stream, or in the Stream view
// what the range holds.
import { StreamHead, StreamList } from '../views/stream-list';
import { focus } from '../state/store';
import { EventPanel } from './event';
import { ServicePanel } from './service';
import { RangePanel } from './range';

export function FocusPanel() {
  const { entity, view } = focus.value;
  if (entity?.kind === 'service') return <ServicePanel key={entity.name} name={entity.name} />;
  if (entity?.kind === 'event') return <EventPanel key={entity.ref} reference={entity.ref} />;
  if (view === 'stream') return <RangePanel />;
  return (
    <aside class="panel idle" aria-label="Stream">
      <StreamHead title="Stream" />
      <StreamList wide={false} />
    </aside>
  );
}
