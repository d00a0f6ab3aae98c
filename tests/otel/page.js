// SPDX-License-Identifier: Apache-2.0
// What a shop's page would load: OpenTelemetry's browser SDK, which follows its fetches. Bundled by the test.
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, WebTracerProvider } from '@opentelemetry/sdk-trace-web';

const { url, token } = window.traversion;
const exporter = new OTLPTraceExporter({ url, headers: { Authorization: `Bearer ${token}` } });
const provider = new WebTracerProvider({
  resource: new Resource({ 'service.name': 'shop-page' }),
  spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 100 })],
});
provider.register();
registerInstrumentations({ instrumentations: [new FetchInstrumentation({ ignoreUrls: [url] })] });

document.querySelector('button').addEventListener('click', () => {
  trace.getTracer('page').startActiveSpan('click buy', async (span) => {
    await fetch('/cart');
    span.end();
    await provider.forceFlush();
    document.title = 'sent';
  });
});
