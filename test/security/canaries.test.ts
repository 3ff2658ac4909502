import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '#store/open-database.ts'
import { createHome } from '../support/app.ts'
import { startArchiveReceiver } from '../support/archive-receiver.ts'
import { testServer } from '../support/database.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { loopbackServer } from '../tools/loopback-server.ts'
import { everything, node } from '../tools/mcp-support.ts'

/** One for each place where a secret can stand; each is found again by its own text. */
const canaries = {
  MODEL_API_KEY: 'canary-model-5d1f"\\key',
  OPENAI_API_KEY: 'sk-canary-openai-77aa12',
  UNUSED_PASSWORD: 'canary-unused-0c4e/+=',
  REPORTING_URL: 'canary-in-an-address-91',
  PARLEY_ARCHIVE_SECRET: `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`,
  TOOL_VALUE: 'canary-tool-value-3b',
  SERVICE_VALUE: 'canary-service-value-88',
  SERVER_VALUE: 'canary-mcp-value-e2',
}
const caller = 'canary-of-the-caller-64'
const literal = 'canary-literal-in-file-19'
const environment = {
  ...canaries,
  REPORTING_URL: `postgres://reporter:${canaries.REPORTING_URL}@db.internal/x`,
}

test('no secret is in any table, log line, stream, answer, error, recording or archive', async () => {
  // Says everything back that it was sent, and so does the tool of the MCP server.
  const echo = await loopbackServer((request, response) => {
    response.writeHead(request.url === '/broken' ? 500 : 200, { 'x-echo': 'yes' })
    response.end(JSON.stringify(request.headers))
  })
  const archive = await startArchiveReceiver()
  const model = await startModelServer()
  onTestFinished(async () => {
    await archive.close()
    await model.close()
  })
  const home = await createHome({
    agents: { assistant: agentFile(echo.port) },
    baseUrl: model.baseUrl,
  })
  const server = await startServerProcess({
    home,
    environment,
    flags: [
      ...['--enable-shell', '--log-level', 'debug', '--record', join(home.directory, 'tape.yaml')],
      ...['--allow-host', `127.0.0.1:${echo.port}`, ...archive.flags],
    ],
  })
  onTestFinished(async () => {
    await server.kill()
    await home.remove()
  })
  const seen: string[] = []
  async function call(method: string, path: string, body?: unknown): Promise<string> {
    const response = await fetch(server.url + path, {
      method,
      headers: { 'content-type': 'application/json', 'x-caller-token': caller },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    seen.push(JSON.stringify([...response.headers]), text)
    return text
  }

  const calls = [
    { name: 'shell', arguments: { cmd: 'env; cat /proc/$PPID/environ | tr "\\0" "\\n"' } },
    { name: 'shell', arguments: { cmd: 'echo $TOOL_TOKEN >&2; exit 3' } },
    { name: 'shell', arguments: { cmd: 'for p in /proc/[0-9]*; do cat $p/environ; done' } },
    { name: 'run_background_job', arguments: { cmd: 'env; echo $TOOL_TOKEN' } },
    { name: 'view_background_job', arguments: { id: 'job_1' } },
    { name: 'echo', arguments: {} },
    { name: 'echo_broken', arguments: {} },
    { name: 'all_get-env', arguments: {} },
    { name: 'all_echo', arguments: { message: 'x' } },
    { name: 'fetch', arguments: { urls: [`http://127.0.0.1:${echo.port}/`] } },
    { name: 'fetch', arguments: { urls: ['http://10.0.0.1/'] } },
  ]
  model.push({ toolCalls: calls }, { text: 'Done.' })
  const { id } = JSON.parse(await call('POST', '/api/sessions', { tools_approved: true }))
  const stream = await call('POST', `/api/sessions/${id}/agent/assistant`, [
    { role: 'user', content: 'Tell me everything' },
  ])
  // Everything ran, and what was asked for was there to be told.
  for (const name of ['echo', 'all_get-env', 'shell']) expect(stream).toContain(`"${name}"`)
  expect(stream).toContain('[SERVICE_VALUE]')
  expect(stream).toContain('[TOOL_VALUE]')
  expect(stream).toContain('[SERVER_VALUE]')
  expect(stream).toContain('[UNUSED_PASSWORD]')

  for (const status of [400, 401, 403, 429, 500]) {
    const told = `wrong key ${canaries.MODEL_API_KEY} for Bearer ${canaries.MODEL_API_KEY}`
    const body = JSON.stringify({ error: { message: told } })
    const fault = { kind: 'status' as const, status, body, headers: { 'retry-after': '0' } }
    // A rule answers however often it is tried.
    model.push({ fault, when: { contains: `Fail with ${status}` } })
    await call('POST', `/api/sessions/${id}/agent/assistant`, [
      { role: 'user', content: `Fail with ${status}` },
    ])
  }
  const paths = ['agents', 'agents/assistant', 'agents/assistant/config', 'agents/assistant/tools']
  const more = ['agents/assistant/versions', 'models', 'peers', 'stats', `sessions/${id}/messages`]
  for (const path of [...paths, ...more, `sessions/${id}`, `sessions/${id}/runs`, 'approvals']) {
    await call('GET', `/api/${path}`)
  }
  await call('POST', '/api/agents/assistant/reload')
  for (const path of ['/health', '/ready', '/metrics', '/openapi.json', '/', '/api/none']) {
    await call('GET', path)
  }
  await call('POST', '/api/sessions', { wrong: canaries.TOOL_VALUE.slice(0, 4) })
  await archive.until(1)
  await server.kill('SIGTERM')

  const places = {
    answers: seen.join('\n'),
    log: server.errors(),
    recording: await readFile(join(home.directory, 'tape.yaml'), 'latin1'),
    archive: JSON.stringify(archive.received),
    tables: await readTables(home.flags),
    files: await readAll(join(home.directory, 'data')),
  }
  const found = Object.entries(places).flatMap(([place, text]) =>
    [...Object.entries(canaries), ['caller', caller]].flatMap(([name = '', value = '']) =>
      formsOf(value).some((form) => text.includes(form)) ? [`${name} in ${place}`] : [],
    ),
  )
  expect(found).toEqual([])
  // What somebody wrote into a file as it is has to be kept with the version, and is shown nowhere.
  const shown = [places.answers, places.log, places.recording, places.archive].join('\n')
  expect(shown.includes(literal)).toBe(false)
  expect(places.tables.length).toBeGreaterThan(10_000)
  expect(places.log).toContain('"level"')
}, 120_000)

/** As it is, and as it stands in JSON, in JSON within JSON, in addresses and in Base64. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const twice = JSON.stringify(json).slice(1, -1)
  const coded = Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1)
  return [secret, json, twice, encodeURIComponent(secret), coded]
}

function agentFile(port: number): string {
  return `
agents:
  root:
    model: scripted
    toolsets:
      - { type: shell, path: ./files, env: { TOOL_TOKEN: "\${env.TOOL_VALUE}" } }
      - type: mcp
        name: all
        command: ${node}
        args: [${everything}, stdio]
        env: { THING: "\${env.SERVER_VALUE}" }
      - { type: fetch, allow: ["127.0.0.1", "10.0.0.1"] }
      - type: api
        name: echo
        endpoint: http://127.0.0.1:${port}/
        headers: { Authorization: "Bearer \${env.SERVICE_VALUE}", X-Api-Key: "${literal}", X-Caller: "\${headers.x-caller-token}" }
      - type: api
        name: echo_broken
        method: POST
        endpoint: http://127.0.0.1:${port}/broken
        headers: { Authorization: "Bearer \${env.SERVICE_VALUE}", X-Api-Key: "${literal}" }
models:
  scripted: { provider: scripted, model: scripted }
providers:
  scripted: { base_url: "{base_url}", token_key: MODEL_API_KEY }
`
}

/** Every row of every table as JSON. */
async function readTables(flags: string[]): Promise<string> {
  const server = flags[flags.indexOf('--database-url') + 1]
  const dataDirectory = flags[flags.indexOf('--data-dir') + 1] ?? ''
  const database = await openDatabase(
    testServer() !== undefined && server !== undefined
      ? { url: server }
      : { dataDirectory, onFatal: () => {} },
  )
  try {
    const tables = await database.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
      [],
    )
    const rows = await Promise.all(
      tables.map(({ name }) =>
        database.query(`select to_jsonb(t)::text as row from "${name}" t`, []),
      ),
    )
    return JSON.stringify(rows)
  } finally {
    await database.close()
  }
}

/** All bytes below a directory; nothing when the database is elsewhere. */
async function readAll(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  const texts = files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1'))
  return (await Promise.all(texts)).join('\n')
}
