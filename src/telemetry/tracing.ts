import { setTimeout } from 'node:timers/promises'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { RequestObserver } from '#http/watch.ts'
import type { RunObserver } from '#runtime/observer.ts'
import { createSpanObservers } from './span-observers.ts'
import type { TracingSettings } from './tracing-settings.ts'

export type Tracing = {
  requests: RequestObserver
  runs: RunObserver
  /** Headers for what the work that goes on now asks of others: W3C Trace Context. */
  outgoingHeaders(): Record<string, string>
  /** Sends what is left. */
  close(): Promise<void>
}

/** Milliseconds: a collector that is away must not keep the server from stopping. */
const closePatience = 2000

/**
 * Traces by OpenTelemetry's conventions, sent over OTLP. Nothing is registered globally. To be
 * imported only when somebody asks for traces: the library takes its time to load.
 */
export function openTracing({
  settings,
  version,
  instanceName,
  redact,
  onProblem,
}: {
  settings: TracingSettings
  version: string
  instanceName: string
  /** Takes secrets out of what people, models and tools said. */
  redact: (text: string) => string
  /** Spans could not be sent; told once until they can be. */
  onProblem: (error: unknown) => void
}): Tracing {
  const { url, headers, timeout, compression } = settings
  const exporter = new OTLPTraceExporter({
    url,
    headers,
    timeoutMillis: timeout,
    // The package's enum for it is one of types alone.
    compression: compression as NonNullable<ExporterOptions['compression']>,
  })
  const resource = defaultResource().merge(
    resourceFromAttributes({
      'service.name': 'parley',
      'service.version': version,
      'service.instance.id': instanceName,
      ...settings.resource,
    }),
  )
  const provider = new TracerProvider({
    resource,
    sampler: toSampler(settings.sampler),
    spanProcessors: [
      new BatchSpanProcessor({ ...settings.batch, exporter: telling(exporter, onProblem) }),
    ],
  })
  const observers = createSpanObservers({
    tracer: provider.getTracer('parley', version),
    captureContent: settings.content ? redact : null,
  })
  return {
    ...observers,
    async close() {
      const late = new AbortController()
      const patience = setTimeout(closePatience, undefined, { signal: late.signal })
      await Promise.race([provider.shutdown().catch(onProblem), patience])
      patience.catch(() => undefined)
      late.abort()
    },
  }
}

type ExporterOptions = NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>

function toSampler({ name, ratio }: TracingSettings['sampler']): Sampler {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler()
    case 'always_off':
      return new AlwaysOffSampler()
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio)
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() })
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() })
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) })
  }
}

/** The same exporter, which says that it fails; the library keeps that to itself. */
function telling(exporter: SpanExporter, onProblem: (error: unknown) => void): SpanExporter {
  let isFailing = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const fails = result.code !== 0
        if (fails && !isFailing) onProblem(result.error)
        isFailing = fails
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  }
}
