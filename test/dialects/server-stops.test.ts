import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const message = 'Go on'

/** How a stream is asked for, what ends it when the server stops, and where its answer is. */
const streams = {
  appam: {
    path: '/compat/appam/api/sessions/appam/chat',
    body: { message },
    end: /data: \{"type":"error","message":"The server ended.*\n\ndata: \{"type":"done"\}\n\n$/,
  },
  pawan: {
    path: '/compat/pawan/chat/stream',
    body: { message, session_id: 'pawan' },
    end: /event: error\ndata: \{"message":"The server ended.*\n\n$/,
  },
  ra: {
    path: '/compat/ra/chat',
    body: { messages: [{ role: 'user', content: message }], sessionId: 'ra' },
    end: /data: \{"type":"error","error":"The server ended.*\n\n$/,
  },
  'ag-ui': {
    path: '/ag-ui/assistant',
    body: {
      threadId: 'ag-ui',
      runId: 'r',
      messages: [{ id: '1', role: 'user', content: message }],
    },
    end: /data: \{"type":"RUN_ERROR","message":"The server ended.*\n\n$/,
  },
  'ai-sdk': {
    path: '/ai-sdk/assistant',
    body: {
      id: 'ai-sdk',
      messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: message }] }],
    },
    end: /data: \{"type":"error","errorText":"The server ended.*\n\n$/,
  },
}

test('a server that stops ends its streams in the words of each, and the answers are in the sessions', async () => {
  const { url, model, client, restart } = await startApp()
  await client.POST('/api/sessions', { body: { external_id: 'appam' } })
  const open = Object.entries(streams).map(async ([name, { path, body, end }]) => {
    const headers = { 'Content-Type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    return { name, end, text: await (await fetch(url + path, init)).text() }
  })
  model.push(...open.map(() => ({ text: 'Half whole', hold: true as const })))
  await model.received(open.length)
  const restarted = restart()
  model.release()
  for (const { end, text } of await Promise.all(open)) expect(text).toMatch(end)
  await restarted
  for (const session of Object.keys(streams)) {
    const { data } = await client.GET('/api/sessions/{session}', { params: { path: { session } } })
    expect(data.messages.at(-1)).toMatchObject({ role: 'assistant', content: 'Half whole' })
  }
})
