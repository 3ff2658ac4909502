import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readConfig } from '../../src/config.ts'
import { environmentOf, listOf, readStages } from './dockerfile.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const configure = ([command, ...argv]: string[], environment: Record<string, string> = {}) => {
  expect(command).toBe('serve')
  return readConfig({ argv, environment, directory: '/parley' })
}

test('the image serves the examples, listens to others, and writes to its volumes only', () => {
  const image = readStages().at(-1) ?? { name: undefined, instructions: [] }
  const config = configure(listOf(image, 'CMD'), environmentOf(image))
  expect(config).toMatchObject({
    listen: { host: '0.0.0.0', port: 8080 },
    insecureNoAuth: false,
    workspace: '/workspace',
    database: { kind: 'embedded', dataDirectory: '/data' },
  })
  expect(listOf(image, 'VOLUME')).toEqual(['/data', '/workspace'])
})

test('Compose starts three instances of the image on one Postgres, and only this machine reaches them', () => {
  const { services } = parse(read('deploy/compose.yaml'), { merge: true })
  const instances = Object.entries<Record<string, unknown>>(services).filter(([name]) =>
    name.startsWith('instance-'),
  )
  expect(instances).toHaveLength(3)
  for (const [name, { command, environment, build, image, read_only }] of instances) {
    expect({ build, image, read_only }).toEqual({ build: '..', image: 'parley', read_only: true })
    const config = configure(command as string[], environment as Record<string, string>)
    expect(config).toMatchObject({ instanceName: name, database: { kind: 'postgres' } })
  }
  expect(services.nginx.ports).toEqual(['127.0.0.1:8080:8080'])
})

test('the systemd unit starts what the program understands', () => {
  const unit = read('deploy/systemd/parley.service')
  const line = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? []
  const config = configure(line.slice(line.indexOf('serve')))
  expect(config).toMatchObject({
    sources: ['/etc/parley/agents'],
    database: { dataDirectory: '/var/lib/parley' },
    workspace: '/var/lib/parley/workspace',
  })
})
