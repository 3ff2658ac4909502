import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { checkArguments } from '#runtime/arguments.ts'

const chart = fileURLToPath(new URL('../../deploy/helm/parley', import.meta.url))
const program = [process.env.PARLEY_HELM ?? 'helm'].find(
  (candidate) => spawnSync(candidate, ['version']).status === 0,
)
const { version } = JSON.parse(readFileSync(`${chart}/../../../package.json`, 'utf8'))
const postgres = { database: { existingSecret: 'parley-database' } }

type Resource = { kind: string; metadata: { name: string }; spec: Record<string, unknown> }

/** What the chart makes of values; throws with helm's own words. */
function render(values: object): Resource[] {
  const args = ['template', 'release', chart, '--kube-version', '1.30.0', '-f', '-']
  const { status, stdout, stderr } = spawnSync(program ?? '', args, {
    input: JSON.stringify(values),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return parseAllDocuments(stdout).flatMap((document) => document.toJS() ?? [])
}

test('the chart’s values are what its schema allows, and a misspelt one is not', () => {
  const schema = JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8'))
  const values = parse(readFileSync(`${chart}/values.yaml`, 'utf8'))
  expect(checkArguments(schema, values)).toEqual([])
  expect(Object.keys(schema.properties).toSorted()).toEqual(
    [...Object.keys(values), 'global'].toSorted(),
  )
  expect(checkArguments(schema, { ...values, databse: {} })).not.toEqual([])
})

test('the chart is of the version that the package has', () => {
  const { appVersion } = parse(readFileSync(`${chart}/Chart.yaml`, 'utf8'))
  expect(appVersion).toBe(version)
})

describe.skipIf(program === undefined)('with helm', () => {
  test('the chart lints', () => {
    const args = ['lint', chart, '--strict', '--set', 'database.existingSecret=x']
    const { status, stdout, stderr } = spawnSync(program ?? '', args, { encoding: 'utf8' })
    expect(`${status} ${stdout}${stderr}`).toMatch(/^0 .*1 chart\(s\) linted, 0 chart\(s\) failed/s)
  })

  test('instances are probed, have time to stop, and read nothing but what is theirs', () => {
    const resources = render({ ...postgres, agents: { 'support.yaml': 'agents: {}' } })
    expect(resources.map(({ kind }) => kind).toSorted()).toEqual([
      'ConfigMap',
      'Deployment',
      'PodDisruptionBudget',
      'Service',
      'Service',
      'ServiceAccount',
    ])
    const deployment = resources.find(({ kind }) => kind === 'Deployment')
    expect(deployment?.spec).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      template: {
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 30,
          securityContext: { runAsNonRoot: true },
          containers: [
            {
              image: `parley:${version}`,
              args: ['serve', '/agents', '--listen=0.0.0.0:8080', '--metrics-listen=0.0.0.0:9464'],
              readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
              livenessProbe: { httpGet: { path: '/live', port: 'http' } },
              securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    })
  })

  test('what is optional is there when it is asked for', () => {
    const resources = render({
      ...postgres,
      ingress: { enabled: true },
      autoscaling: { enabled: true },
      networkPolicy: { enabled: true },
      metrics: { serviceMonitor: { enabled: true } },
      secrets: { values: { OPENAI_API_KEY: 'x' } },
    })
    const kinds = new Set(resources.map(({ kind }) => kind))
    for (const kind of [
      'Ingress',
      'HorizontalPodAutoscaler',
      'NetworkPolicy',
      'ServiceMonitor',
      'Secret',
    ]) {
      expect([...kinds]).toContain(kind)
    }
    const ingress = resources.find(({ kind }) => kind === 'Ingress')
    expect(ingress?.metadata).toMatchObject({
      annotations: { 'nginx.ingress.kubernetes.io/proxy-buffering': 'off' },
    })
  })

  test('several instances without a Postgres are refused; one has the embedded database', () => {
    expect(() => render({})).toThrow('several instances need one Postgres')
    const deployment = render({ replicaCount: 1 }).find(({ kind }) => kind === 'Deployment')
    expect(deployment?.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } })
  })
})
