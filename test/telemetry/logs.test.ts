import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '#log.ts'
import { createWorkContext } from '#telemetry/work-context.ts'
import { createHome } from '../support/app.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'

test('every request leaves one line with its id, route, status, time and caller; never what was sent', async () => {
  const model = await startModelServer({ script: [{ text: 'Hello' }] })
  const home = await createHome({ baseUrl: model.baseUrl })
  const server = await startServerProcess({
    home,
    flags: ['--log-level', 'info', '--http-token', 'canary-token'],
  })
  onTestFinished(async () => {
    await server.kill()
    await home.remove()
    await model.close()
  })
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(server.url + path, {
      ...init,
      headers: { authorization: 'Bearer canary-token', 'x-request-id': 'req-7', ...init.headers },
    }).then((response) => response.text())
  const body = JSON.stringify({ message: 'canary-message' })
  const json = { 'content-type': 'application/json', accept: 'application/json' }
  const { run } = JSON.parse(await ask('/api/chat', { method: 'POST', body, headers: json }))
  await ask(`/api/runs/${run.id}?canary=query`)
  await ask('/canary-path')
  await ask('/live')
  await server.kill('SIGTERM')

  const lines = server.errors().trimEnd().split('\n')
  const requests = lines
    .map((line) => JSON.parse(line))
    .filter(({ message }) => message === 'request')
  const shared = { level: 'info', request_id: 'req-7', principal: 'http-token' }
  expect(requests).toEqual(
    [
      { ...shared, method: 'POST', route: '/api/chat', run_id: run.id, status: 200 },
      { ...shared, method: 'GET', route: '/api/runs/{run}', run_id: run.id, status: 200 },
      { ...shared, method: 'GET', route: 'unmatched', status: 404, code: 'not_found' },
    ].map((line) => expect.objectContaining({ ...line, ms: expect.any(Number) })),
  )
  expect(server.errors()).not.toContain('canary')
})

test('lines of a run carry its ids and those of the request that asked for it, whoever goes on with it', async () => {
  const lines: string[] = []
  const context = createWorkContext()
  const log = createLogger({
    level: 'info',
    write: (line) => lines.push(line),
    now: () => new Date(0),
    context: context.fields,
  })
  const asked = { method: 'POST', route: '/', header: () => undefined }
  const trace = context.requests.begin({ ...asked, requestId: 'req_1' }).within(() => {
    log.info('asked')
    return context.runs.traceContext()
  })
  const run = {
    ...{ id: 'run_1', sessionId: 'ses_1', rootSessionId: 'ses_1', depth: 0, trace },
    ...{ agent: 'a', agentName: 'root', description: null, model: null },
  }
  // An approval moves the run on: another request, in which the run's lines are the run's own.
  await context.requests.begin({ ...asked, requestId: 'req_2' }).within(() =>
    context.runs.run(run, async () => {
      await Promise.resolve()
      log.warn('worked')
      return { type: 'finished', reason: 'completed' }
    }),
  )
  log.info('outside')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ message: 'asked', request_id: 'req_1' }),
    expect.objectContaining({
      message: 'worked',
      request_id: 'req_1',
      run_id: 'run_1',
      session_id: 'ses_1',
    }),
    { time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'outside' },
  ])
})

test('a line of text stays one line and can be read', () => {
  const lines: string[] = []
  const log = createLogger({
    level: 'info',
    format: 'text',
    write: (line) => lines.push(line),
    now: () => new Date('2026-01-02T03:04:05.678Z'),
  })
  log.warn('two\nlines', {
    route: '/api/runs/{run}',
    ms: 1.5,
    said: 'a "b"\n',
    error: new Error('no'),
  })
  expect(lines).toEqual([
    '03:04:05.678 WARN  two\\nlines route=/api/runs/{run} ms=1.5 said="a \\"b\\"\\n" error={"name":"Error","message":"no"}\n',
  ])
})
