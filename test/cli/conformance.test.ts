import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { suites } from '../../src/commands/conformance/suites.ts'
import { createHome } from '../support/app.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { parley } from './parley.ts'

/** Node's own answer where the package is not installed. */
const withoutAgUi = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve: (name, context, next) =>
      next(name, name === '@ag-ui/client' ? { ...context, parentURL: 'file:///nowhere/x.js' } : context),
  })
`)}`

test('every suite passes against a server', async () => {
  const { url } = await startServer()
  const { code, output, errors } = await parley(['conformance', url, '--json'])
  const found: { suite: string; status: string }[] = JSON.parse(output).suites
  expect(
    found.map(({ suite, status }) => [suite, status]),
    output + errors,
  ).toEqual(suites.map(({ name }) => [name, 'passed']))
  expect(code).toBe(0)
}, 120_000)

test('a key is shown, what cannot be asked is skipped, and another key fails clearly', async () => {
  const { url } = await startServer(['--http-token', 'the-operators-own-key'])
  const chosen = ['ra', 'openai', 'ag-ui', 'mcp-conformance'].flatMap((name) => ['--suite', name])
  const right = await parley(['conformance', url, '--key', 'the-operators-own-key', ...chosen], {
    environment: { NODE_OPTIONS: `--import=${withoutAgUi}` },
  })
  expect(right.output).toMatch(
    /^openai +7 passed\nag-ui +skipped: install @ag-ui\/client\nmcp-conformance +skipped: .*key\nra +4 passed$/m,
  )
  expect(right.code).toBe(0)
  const wrong = await parley(['conformance', url, '--key', 'another', '--suite', 'ra'])
  expect(wrong.output).toContain('POST /compat/ra/chat answered 401 instead of 200')
  expect(wrong.code).toBe(1)
})

test('a server that is no Parley fails each suite with what it answered', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end('nothing here'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { code, output } = await parley(['conformance', url, '--json'])
  const found: { suite: string; status: string; checks: { passed: boolean }[] }[] =
    JSON.parse(output).suites
  expect(found.map(({ suite, status }) => [suite, status])).toEqual(
    suites.map(({ name }) => [name, 'failed']),
  )
  expect(found.flatMap(({ checks }) => checks).filter(({ passed }) => passed)).toEqual([])
  expect(output).toContain('GET /compat/kawai/health answered 404 instead of 200: nothing here')
  expect(code).toBe(1)
}, 60_000)

test('where nothing listens it says so', async () => {
  const url = `http://127.0.0.1:${await freePort()}`
  const { code, errors } = await parley(['conformance', url])
  expect(errors).toContain(`${url} gives no answer: connect ECONNREFUSED`)
  expect(code).toBe(1)
})

test.each([
  [[], 'name one server'],
  [['http://a', 'http://b'], 'name one server'],
  [['localhost:8080'], '"localhost:8080" is no http(s) URL of a server'],
  [['http://a', '--suite', 'opena'], 'there is no suite "opena"; did you mean openai?'],
])('conformance %j is a wrong use', async (args, message) => {
  const { code, errors } = await parley(['conformance', ...args])
  expect(errors).toContain(message)
  expect(code).toBe(2)
})

/** A process of its own, with an agent that answers whatever it is asked. */
async function startServer(flags: string[] = []) {
  const model = await startModelServer({ script: () => ({ text: ['Hello', ' there', '!'] }) })
  const home = await createHome({ baseUrl: model.baseUrl })
  const server = await startServerProcess({ home, flags })
  onTestFinished(async () => {
    await server.kill()
    await model.close()
    await home.remove()
  })
  return server
}
