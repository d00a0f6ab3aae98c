// SPDX-License-Identifier: Apache-2.0
//
// No data yet. The addresses are those the page was loaded from and those the daemon reports.
import { base } from '../api/client';
import { status, type Listener } from '../api/status';
import { CopyButton } from '../components/copy';
import { Glyph } from '../components/glyph';
import { Icon } from '../components/icon';
import { count, duration, plural } from '../format/numbers';
import { samples } from '../format/samples';
import { oneLine } from '../format/text';
import { parseTime } from '../format/time';
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

function Step({ n, title, text, code, children }: { n: number; title: string; text: string; code: string; children: ComponentChildren }) {
  return (
    <li class="step">
      <span class="number">{n}</span>
      <div>
        <h2>{title}</h2>
        <p>{text}</p>
        <div class="sample">
          <pre>{children}</pre>
          <CopyButton text={() => code}><Icon name="copy" /> Copy</CopyButton>
        </div>
      </div>
    </li>
  );
}

const EVENT = '{"service":"checkout","type":"log","message":"hello"}';

function isOn(l: Listener): boolean {
  return l.address !== 'off';
}

function otlp(listeners: Listener[]): string {
  const found = listeners.find((l) => /otlp/i.test(l.name) && isOn(l) && l.address);
  return found ? `http://${found.address}` : base.replace(/\/$/, '');
}

/** Senders without a library, one at a time. */
function Senders({ n, endpoint }: { n: number; endpoint: string }) {
  const chosen = useSignal(0);
  const all = samples(base, endpoint);
  const sample = all[chosen.value];
  if (!sample) return null;
  return (
    <li class="step">
      <span class="number">{n}</span>
      <div>
        <h2>Or send from what you have</h2>
        <p>{sample.about}</p>
        <div class="segments" role="group" aria-label="Language">
          {all.map((one, i) => (
            <button key={one.name} type="button" aria-pressed={i === chosen.value} onClick={() => (chosen.value = i)}>{one.name}</button>
          ))}
        </div>
        <div class="sample">
          <pre>{sample.code}</pre>
          <CopyButton text={() => sample.code}><Icon name="copy" /> Copy</CopyButton>
        </div>
      </div>
    </li>
  );
}

export function FirstRun() {
  const endpoint = otlp(status.value?.listeners ?? []);
  return (
    <section class="main first-run scroll" aria-label="Nothing recorded yet">
      <h1>Nothing recorded yet</h1>
      <p class="lead">Send one event, or let the demo run. This page comes alive with the first one; no reload.</p>
      <ol>
        <Step n={1} title="See it with data first" code="traversiond --demo"
          text="Twelve simulated services fail in a cascade, again and again. Runs beside your own data folder, not in it.">
          <b>traversiond</b> --demo
        </Step>
        <Step n={2} title="Send one event" text="Any JSON object with a service is an event."
          code={`curl ${base}api/v1/events \\\n  -d '${EVENT}'`}>
          <b>curl</b> {base}api/v1/events \{'\n'}  -d '{EVENT}'
        </Step>
        <Step n={3} title="Use the OpenTelemetry SDK you already have" text="Set two variables where the service starts. Traces, logs and metrics all arrive."
          code={`export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}\nexport OTEL_SERVICE_NAME=checkout`}>
          <b>export</b> OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}{'\n'}<b>export</b> OTEL_SERVICE_NAME=checkout
        </Step>
        <Senders n={4} endpoint={endpoint} />
      </ol>
    </section>
  );
}

function heard(l: Listener): string {
  if (!isOn(l)) return 'switched off';
  if (l.rejected) return `${count(l.rejected)} rejected`;
  return l.requests ? plural(l.requests, 'request') : 'nothing yet';
}

function Ghost({ x, y }: { x: number; y: number }) {
  return (
    <g transform={`translate(${x} ${y})`}>
      <rect x="0.5" y="0.5" width="95" height="35" rx="6" stroke-dasharray="4 3" />
      <circle cx="16" cy="18" r="4" stroke-dasharray="2 2.2" />
      <path d="M31 13h40M31 23h24" stroke-width="4" stroke-linecap="round" class="ghost-text" />
    </g>
  );
}

function Ghosts() {
  return (
    <svg class="ghosts" viewBox="0 0 368 222" role="img" aria-label="Your services will appear here">
      <g fill="none" stroke="var(--line2)">
        <path stroke-dasharray="4 3" d="M96 108C120 108 112 18 136 18M96 108H136M96 108C120 108 112 198 136 198M232 108C256 108 248 63 272 63M232 108C256 108 248 153 272 153M232 198C256 198 248 153 272 153" />
        <Ghost x={0} y={90} /><Ghost x={136} y={0} /><Ghost x={136} y={90} /><Ghost x={136} y={180} /><Ghost x={272} y={45} /><Ghost x={272} y={135} />
      </g>
    </svg>
  );
}

export function ListeningPanel() {
  const s = status.value;
  const rejection = s?.lastRejection;
  const [started, current] = [parseTime(s?.started), parseTime(s?.now)];
  return (
    <aside class="panel idle" aria-label="Listening">
      <div class="head">
        <h2>Listening</h2>
        {started === null || current === null ? null : <span class="end note">for {duration(Math.floor((current - started) / 1000) * 1e9)}</span>}
      </div>
      <div class="scroll body">
        <section>
          <ul class="listeners">
            {(s?.listeners ?? []).map((l) => (
              <li key={l.name}>
                <Glyph health={isOn(l) ? 'silent' : 'unknown'} label={false} />
                <b>{l.name}</b>
                <code>{isOn(l) ? l.address : ''}</code>
                <span>{heard(l)}</span>
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h3>Last rejected</h3>
          <p>
            {rejection
              ? oneLine(rejection.reason)
              : 'None. If an event is refused, its field and the reason appear here.'}
          </p>
        </section>
        <section>
          <h3>Your services will appear here</h3>
          <Ghosts />
        </section>
      </div>
    </aside>
  );
}
