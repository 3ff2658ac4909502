import type { RequestObserver } from '#http/watch.ts'
import type { RunObserver } from '#runtime/observer.ts'
import { createInstruments, type Metric } from './instruments.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { createRequestMetrics } from './request-metrics.ts'
import { createRunMetrics } from './run-metrics.ts'
import { addStateMetrics, type MetricSources } from './state-metrics.ts'

export type Metrics = {
  requests: RequestObserver
  runs: RunObserver
  /** Where the state is read from when somebody asks; until it is known there is none. */
  watch(sources: MetricSources): void
  describe(): Metric[]
  /** The text format of Prometheus. */
  read(): Promise<string>
  close(): void
}

/** What an operator looks at and alerts on, of this instance. */
export function createMetrics({ version }: { version: string }): Metrics {
  const instruments = createInstruments()
  const runs = createRunMetrics(instruments)
  const requests = createRequestMetrics(instruments)
  const state = addStateMetrics(instruments)
  const stopMeasuring = addProcessMetrics(instruments, { version })
  return {
    requests,
    runs,
    watch: state.watch,
    describe: instruments.metrics,
    async read() {
      await state.refresh()
      return instruments.text()
    },
    close: stopMeasuring,
  }
}
