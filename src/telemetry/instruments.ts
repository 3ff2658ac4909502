export type Counter = { add(amount: number, ...labels: string[]): void }
export type Histogram = { observe(value: number, ...labels: string[]): void }
/** Values that are read when they are asked for, each with its labels. */
export type ReadGauge = () => readonly (readonly [value: number, ...labels: string[]])[]

type Description = {
  name: string
  help: string
  /** The names of the labels; values are given in this order. */
  labels?: readonly string[]
}

export type Metric = Required<Description> & { type: 'counter' | 'gauge' | 'histogram' }

export type Instruments = {
  counter(description: Description): Counter
  /** `counts`: a counter that somebody else keeps. */
  gauge(description: Description & { read: ReadGauge; counts?: true }): void
  histogram(description: Description & { buckets: readonly number[] }): Histogram
  /** Everything that is measured, in the order in which it was named. */
  metrics(): Metric[]
  /** The text format of Prometheus, version 0.0.4. */
  text(): string
}

/**
 * Counters, gauges and histograms. What labels say may come from agent files and callers, so that a
 * metric keeps `mostSeries` sets of labels at most: the rest are counted under `other`.
 */
export function createInstruments({ mostSeries = 300 }: { mostSeries?: number } = {}): Instruments {
  const written: { metric: Metric; lines: () => string[] }[] = []

  function add(type: Metric['type'], description: Description, lines: () => string[]): void {
    const { name, help, labels = [] } = description
    written.push({ metric: { type, name, help, labels }, lines })
  }

  return {
    counter(description) {
      const series = createSeries(description, { mostSeries, make: () => ({ value: 0 }) })
      add('counter', description, () =>
        series.all().map(([labels, { value }]) => line(description.name, labels, value)),
      )
      return {
        add(amount, ...labels) {
          series.of(labels).value += amount
        },
      }
    },
    gauge({ read, counts = false, ...description }) {
      const { name, labels: names = [] } = description
      add(counts ? 'counter' : 'gauge', description, () =>
        read().map(([value, ...values]) => line(name, toLabels(names, values), value)),
      )
    },
    histogram({ buckets, ...description }) {
      const { name } = description
      const make = () => ({ counts: buckets.map(() => 0), sum: 0, count: 0 })
      const series = createSeries(description, { mostSeries, make })
      add('histogram', description, () =>
        series
          .all()
          .flatMap(([labels, found]) => histogramLines({ name, labels, buckets, ...found })),
      )
      return {
        observe(value, ...labels) {
          const found = series.of(labels)
          found.sum += value
          found.count += 1
          const index = buckets.findIndex((bound) => value <= bound)
          if (index >= 0) found.counts[index] = (found.counts[index] ?? 0) + 1
        },
      }
    },
    metrics: () => written.map(({ metric }) => metric),
    text: () => `${written.flatMap(({ metric, lines }) => block(metric, lines())).join('\n')}\n`,
  }
}

function createSeries<Value>(
  { labels: names = [] }: Description,
  { mostSeries, make }: { mostSeries: number; make: () => Value },
) {
  const series = new Map<string, { labels: string; value: Value }>()

  function of(values: readonly string[]): Value {
    const key = values.join('\u0000')
    const known = series.get(key)
    if (known) return known.value
    if (series.size >= mostSeries && values.some((value) => value !== 'other')) {
      return of(values.map(() => 'other'))
    }
    const value = make()
    series.set(key, { labels: toLabels(names, values), value })
    return value
  }

  // Without labels there is one series, which is there before anything is counted.
  if (names.length === 0) of([])
  return {
    of,
    all: () => [...series.values()].map(({ labels, value }) => [labels, value] as const),
  }
}

function histogramLines({
  name,
  labels,
  buckets,
  counts,
  sum,
  count,
}: {
  name: string
  labels: string
  buckets: readonly number[]
  counts: readonly number[]
  sum: number
  count: number
}): string[] {
  let below = 0
  const bounded = buckets.map((bound, index) => {
    below += counts[index] ?? 0
    return line(`${name}_bucket`, join(labels, `le="${bound}"`), below)
  })
  return [
    ...bounded,
    line(`${name}_bucket`, join(labels, 'le="+Inf"'), count),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count),
  ]
}

function block({ name, help, type }: Metric, lines: string[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines]
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${value}`
}

function join(labels: string, more: string): string {
  return labels === '' ? more : `${labels},${more}`
}

function toLabels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',')
}

function escapeLabel(text: string): string {
  return text.slice(0, 128).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
