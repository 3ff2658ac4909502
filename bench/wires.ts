import { randomUUID } from 'node:crypto'
import type { Exchange } from './load-commands.ts'

/** One run of the bench's agent over a wire; `session` is one that has had no run. */
export type Wire = {
  name: string
  run(request: { url: string; message: string; session: string }): Exchange
  /** Reads a finished run again; missing where a wire cannot. */
  again?(request: { url: string; run: string }): Exchange
}

/** Every wire on which an agent's answer is a stream. */
export const wires: readonly Wire[] = [
  {
    name: 'native',
    run: ({ url, message }) => post(`${url}/api/agents/bench/chat`, { message }),
    again: ({ url, run }) => get(`${url}/api/runs/${run}/events`),
  },
  {
    name: 'cagent',
    run: ({ url, message, session }) =>
      post(`${url}/compat/cagent/api/sessions/${session}/agent/bench`, [user(message)]),
  },
  {
    name: 'appam',
    run: ({ url, message }) => post(`${url}/compat/appam/api/agents/bench/chat`, { message }),
  },
  {
    name: 'pawan',
    run: ({ url, message }) => post(`${url}/compat/pawan/chat/stream`, { message }),
  },
  {
    name: 'ra',
    run: ({ url, message }) => post(`${url}/compat/ra/chat`, { messages: [user(message)] }),
  },
  {
    name: 'kawai',
    run: ({ url, message }) =>
      get(`${url}/compat/kawai/stream?message=${encodeURIComponent(message)}`),
    again: ({ url, run }) =>
      get(`${url}/compat/kawai/stream?message=x`, { 'Last-Event-ID': `${run}:0` }),
  },
  {
    name: 'openai chat',
    run: ({ url, message }) =>
      post(`${url}/v1/chat/completions`, {
        stream: true,
        model: 'bench',
        messages: [user(message)],
      }),
  },
  {
    name: 'openai responses',
    run: ({ url, message }) =>
      post(`${url}/v1/responses`, { stream: true, model: 'bench', input: message }),
    again: ({ url, run }) => get(`${url}/v1/responses/${run.replace('run_', 'resp_')}?stream=true`),
  },
  {
    name: 'ai-sdk',
    run: ({ url, message }) =>
      post(`${url}/ai-sdk/bench`, {
        ...{ id: randomUUID(), trigger: 'submit-message' },
        messages: [{ id: randomUUID(), role: 'user', parts: [{ type: 'text', text: message }] }],
      }),
  },
  {
    name: 'a2a',
    run: ({ url, message }) =>
      post(`${url}/a2a/bench/message:stream`, {
        message: { messageId: randomUUID(), role: 'ROLE_USER', parts: [{ text: message }] },
      }),
  },
  {
    name: 'ag-ui',
    run: ({ url, message }) =>
      post(`${url}/ag-ui/bench`, {
        ...{ threadId: randomUUID(), runId: randomUUID(), state: {}, forwardedProps: {} },
        ...{ tools: [], context: [], messages: [{ id: randomUUID(), ...user(message) }] },
      }),
  },
]

function user(content: string) {
  return { role: 'user', content }
}

function post(url: string, body: unknown): Exchange {
  return { method: 'POST', url, body }
}

function get(url: string, headers: Record<string, string> = {}): Exchange {
  return { method: 'GET', url, headers }
}
