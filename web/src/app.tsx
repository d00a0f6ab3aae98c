// SPDX-License-Identifier: Apache-2.0
import { locked } from './api/client';
import { Clock } from './components/clock';
import { Banner, Foot, Login, Rail } from './components/frame';
import { Help } from './components/help';
import { Slider } from './components/slider';
import { TopBar } from './components/topbar';
import { FocusPanel } from './panel/panel';
import { nothingYet } from './state/first-run';
import { roomy } from './state/prefs';
import { view } from './state/store';
import { CompareView } from './views/compare';
import { FirstRun, ListeningPanel } from './views/first-run';
import { MetricsView } from './views/metrics';
import { QueryView } from './views/query';
import { StreamView } from './views/stream';
import { SystemView } from './views/system';

function Main() {
  if (view.value === 'query') return <QueryView />;
  if (nothingYet.value) return <FirstRun />;
  switch (view.value) {
    case 'metrics':
      return <MetricsView />;
    case 'stream':
      return <StreamView />;
    case 'compare':
      return <CompareView />;
    case 'system':
      return <SystemView />;
  }
}

/** In the order of Tab: query, clock, slider, main, panel, rail. */
export function App() {
  if (locked.value !== null) return <Login />;
  const first = nothingYet.value && view.value !== 'query';
  return (
    <div class="shell">
      <TopBar />
      <div class="strip">
        <Clock />
        <Slider />
      </div>
      <Main />
      {first && roomy.value ? <ListeningPanel /> : <FocusPanel />}
      <Rail />
      <Foot />
      <Banner />
      <Help />
    </div>
  );
}
