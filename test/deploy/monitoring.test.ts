import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '#telemetry/metrics.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const metrics = createMetrics({ version: '0' })
metrics.close()
const described = metrics.describe()

/** The names of samples, with the labels that each has. */
const samples = new Map(
  described.flatMap(({ name, type, labels }) => {
    if (type !== 'histogram') return [[name, labels] as const]
    return [
      [`${name}_bucket`, [...labels, 'le']] as const,
      [`${name}_sum`, labels] as const,
      [`${name}_count`, labels] as const,
    ]
  }),
)
/** Prometheus adds these itself. */
const added = ['job', 'instance']

test('every query of the dashboard and of the alerts names metrics and labels that there are', () => {
  const dashboard = JSON.parse(read('deploy/grafana/parley.json'))
  const queries: string[] = dashboard.panels.flatMap((panel: { targets?: { expr: string }[] }) =>
    (panel.targets ?? []).map(({ expr }) => expr),
  )
  const rules = parse(read('deploy/prometheus/alerts.yaml')).groups.flatMap(
    ({ rules }: { rules: { expr: string }[] }) => rules.map(({ expr }) => expr),
  )
  expect(queries.length).toBeGreaterThan(30)
  expect(rules.length).toBeGreaterThan(10)
  expect([...queries, ...rules].flatMap(faultsOf)).toEqual([])
})

test('the dashboard shows everything that is measured', () => {
  const text = read('deploy/grafana/parley.json')
  const shown = described.filter(({ name }) => text.includes(name)).map(({ name }) => name)
  const left = described.map(({ name }) => name).filter((name) => !shown.includes(name))
  expect(left).toEqual(['nodejs_heap_limit_bytes'])
})

test('the table of metrics in docs/operating.md is what is exposed', () => {
  const rows = [
    ...read('docs/operating.md').matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$/gm),
  ]
  const table = rows.map(([, name, type, labels = '', help]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    help: help?.trim(),
  }))
  expect(table).toEqual(
    described.map(({ name, type, labels, help }) => ({ name, type, labels, help })),
  )
})

function faultsOf(query: string): string[] {
  const used = [...query.matchAll(/\b((?:parley|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)]
  if (used.length === 0) return [`no metric in ${query}`]
  const grouped = [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(/,\s*/),
  )
  return used.flatMap(([, name = '', selectors = '']) => {
    const labels = samples.get(name)
    if (!labels) return [`there is no ${name}: ${query}`]
    const selected = [...selectors.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(
      ([, label]) => `${label}`,
    )
    return [...selected, ...grouped]
      .filter((label) => !labels.includes(label) && !added.includes(label))
      .map((label) => `${name} has no label ${label}: ${query}`)
  })
}
