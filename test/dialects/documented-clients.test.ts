import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const app = await startApp({ lifetime: 'file', titles: false })
const { model } = app
const hasCurl = (() => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()
const shell = promisify(execFile)

/**
 * Commands as the pages of each show them, on its own port; `$…` is what an earlier one answered.
 * Only the base URL and the name of the agent are ours.
 */
type Example = {
  command: string
  /** What the model says, for those that ask it. */
  says?: string
  answers: RegExp
  /** What later commands call the first group of `answers`. */
  keeps?: string
}

const json = "-H 'Content-Type: application/json'"
const examples: Record<string, { port: number; commands: Example[] }> = {
  cagent: {
    port: 8080,
    commands: [
      { command: 'curl http://localhost:8080/api/ping', answers: /^\{"status":"ok"\}$/ },
      {
        command: `curl -X POST http://localhost:8080/api/sessions ${json} -d '{}'`,
        answers: /"id":"([^"]+)"/,
        keeps: 'SID',
      },
      {
        command: `curl -N -X POST http://localhost:8080/api/sessions/$SID/agent/assistant ${json} -d '[{"role":"user","content":"Hello!"}]'`,
        says: 'Hello! How can I help?',
        answers:
          /"type":"stream_started"[\s\S]*"type":"agent_choice"[\s\S]*"type":"stream_stopped"[^\n]*\n\n$/,
      },
      {
        command: 'curl http://localhost:8080/api/sessions/$SID',
        answers: /Hello! How can I help\?/,
      },
      {
        command: 'curl -X DELETE http://localhost:8080/api/sessions/$SID',
        answers: /"message":"session deleted"/,
      },
    ],
  },
  appam: {
    port: 3000,
    commands: [
      { command: 'curl http://localhost:3000/api/agents', answers: /^\[\{"name":"assistant"/ },
      {
        command: `curl -N -X POST http://localhost:3000/api/agents/assistant/chat ${json} -d '{"message": "What is the capital of France?"}'`,
        says: 'The capital of France is Paris.',
        answers:
          /^data: \{"type":"session_started","session_id":"([^"]+)"\}\n\n[\s\S]*"type":"content"[\s\S]*"type":"usage_update"[\s\S]*data: \{"type":"turn_completed"\}\n\ndata: \{"type":"done"\}\n\n$/,
        keeps: 'SESSION_ID',
      },
      {
        command: `curl -N -X POST http://localhost:3000/api/sessions/$SESSION_ID/chat ${json} -d '{"message": "And its population?"}'`,
        says: 'About two million.',
        answers: /"type":"done"\}\n\n$/,
      },
      {
        command: 'curl http://localhost:3000/api/sessions/$SESSION_ID',
        answers: /And its population\?/,
      },
      {
        command: 'curl -X DELETE http://localhost:3000/api/sessions/$SESSION_ID',
        answers: /^\{"success":true\}$/,
      },
    ],
  },
  pawan: {
    port: 3300,
    commands: [
      { command: 'curl http://localhost:3300/health', answers: /^\{"status":"ok","version":/ },
      {
        command: `curl -X POST http://localhost:3300/sessions`,
        answers: /^\{"session_id":"([^"]+)"\}$/,
        keeps: 'ID',
      },
      {
        command: `curl -X POST http://localhost:3300/chat ${json} -d '{"session_id": "'$ID'", "message": "List all Rust files"}'`,
        says: 'There are none.',
        answers: /"content":"There are none\.","iterations":1,"tool_calls":0\}$/,
      },
      {
        command: `curl -N -X POST http://localhost:3300/chat/stream ${json} -d '{"session_id": "'$ID'", "message": "Explain how the agent loop works", "model": "scripted"}'`,
        says: 'The loop reads rows.',
        answers:
          /^event: token\ndata: \{"content":[\s\S]*event: done\ndata: \{"session_id":.*\}\n\n$/,
      },
      { command: 'curl http://localhost:3300/sessions', answers: /"message_count":4/ },
      { command: 'curl http://localhost:3300/sessions/$ID', answers: /"timestamp":/ },
      {
        command: 'curl -i -X DELETE http://localhost:3300/sessions/$ID',
        answers: /^HTTP\/1\.1 204/,
      },
    ],
  },
  ra: {
    port: 3000,
    commands: [
      {
        command: `curl -X POST http://localhost:3000/chat/sync -H 'Authorization: Bearer my-secret' ${json} -d '{"messages": [{"role": "user", "content": "Hello"}], "sessionId": "ses_abc123"}'`,
        says: 'Hello there!',
        answers: /^\{"response":"Hello there!","sessionId":"ses_abc123"\}$/,
      },
      {
        command: `curl -N -X POST http://localhost:3000/chat -H 'Authorization: Bearer my-secret' ${json} -d '{"messages": [{"role": "user", "content": "Continue"}], "sessionId": "ses_abc123"}'`,
        says: 'On it.',
        answers: /^data: \{"type":"text","delta":[\s\S]*data: \{"type":"done","usage":\{.*\n\n$/,
      },
      {
        command: `curl http://localhost:3000/sessions -H 'Authorization: Bearer my-secret'`,
        answers: /\{"id":"ses_abc123","createdAt":"[^"]+","messageCount":4\}/,
      },
    ],
  },
  kawai: {
    port: 8000,
    commands: [
      {
        command: 'curl http://localhost:8000/health',
        answers: /^\{"status":"healthy","sessions":\d/,
      },
      {
        command: `curl -X POST http://localhost:8000/chat ${json} -d '{"message": "What is the capital of France?", "session_id": "abc123", "max_steps": 5, "force_provide_answer": true}'`,
        says: 'The capital of France is Paris.',
        answers:
          /^\{"answer":"The capital of France is Paris\.","session_id":"abc123","steps":1,"completed":true,"plan":null\}$/,
      },
      {
        command: `curl -N "http://localhost:8000/stream?message=Hello&session_id=abc123"`,
        says: 'Hello!',
        answers: /"type":"run_start"[\s\S]*"type":"step_start"[\s\S]*"type":"run_end"[^\n]*\n\n$/,
      },
      { command: 'curl http://localhost:8000/sessions/abc123', answers: /"message_count":4\}$/ },
      {
        command: 'curl -X DELETE http://localhost:8000/sessions/abc123',
        answers: /^\{"session_id":"abc123","deleted":true\}$/,
      },
    ],
  },
}

test.skipIf(!hasCurl).each(Object.entries(examples))(
  'the curl commands of %s work with another base URL',
  async (name, { port, commands }) => {
    const kept: Record<string, string> = {}
    for (const { command, says, answers, keeps } of commands) {
      if (says !== undefined) model.push({ text: says })
      const ours = command
        .replace(`http://localhost:${port}`, `${app.url}/compat/${name}`)
        .replace('curl', 'curl -sS --max-time 20')
      const { stdout } = await shell('sh', ['-c', ours], {
        env: { PATH: process.env.PATH, ...kept },
      })
      expect(stdout.trimStart()).toMatch(answers)
      if (keeps !== undefined) kept[keeps] = answers.exec(stdout)?.[1] ?? ''
    }
  },
)

/** The loop that their pages show for pages: a reader, a decoder and lines. */
async function readStream(path: string, body: object): Promise<unknown[]> {
  const response = await fetch(app.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  const events: unknown[] = []
  let buffer = ''
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {}
    if (done) return events
    buffer += decoder.decode(value, { stream: true })
    const lines = buffer.split('\n')
    buffer = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)))
    }
  }
}

test.each([
  ['appam', '/compat/appam/api/agents/assistant/chat', { message: 'Hi' }, { type: 'done' }],
  ['pawan', '/compat/pawan/chat/stream', { message: 'Hi' }, { content: 'Hello' }],
  ['ra', '/compat/ra/chat', { messages: [{ role: 'user', content: 'Hi' }] }, { type: 'done' }],
])(
  'a page that reads the stream of %s with fetch is told all of it',
  async (_name, path, body, last) => {
    model.push({ text: 'Hello' })
    const events = await readStream(path, body)
    expect(JSON.stringify(events)).toContain('Hello')
    expect(events.at(-1)).toMatchObject(last)
  },
)
