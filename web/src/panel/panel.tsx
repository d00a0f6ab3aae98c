// SPDX-License-Identifier: Apache-2.0
//
// The panel on the right follows the selection; without one it shows the stream, or in the Stream view
// what the range holds.
import { StreamHead, StreamList } from '../views/stream-list';
import { roomy } from '../state/prefs';
import { entity, view } from '../state/store';
import { EventPanel } from './event';
import { ServicePanel } from './service';
import { RangePanel } from './range';
import { WhyPanel } from './why';

export function FocusPanel() {
  const chosen = entity.value;
  // Metrics are about a service: there the panel would cover what it was chosen for.
  if (view.value === 'metrics' && chosen?.kind === 'service' && !roomy.value) return null;
  if (chosen?.kind === 'service') return <ServicePanel key={chosen.name} name={chosen.name} />;
  if (chosen?.kind === 'why') return <WhyPanel key={chosen.name} name={chosen.name} />;
  if (chosen?.kind === 'event') return <EventPanel key={chosen.ref} reference={chosen.ref} />;
  // Where the panel lies over the view, it is there only with a selection, and asks for nothing else.
  if (!roomy.value) return null;
  if (view.value === 'stream') return <RangePanel />;
  return (
    <aside class="panel idle" aria-label="Stream">
      <StreamHead title="Stream" />
      <StreamList wide={false} />
    </aside>
  );
}
