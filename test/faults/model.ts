import { createRequire } from 'node:module'
import type { RecordedRequest, ScriptedAnswer } from '../support/model-server.ts'

/** What a message asks the scripted model for: `kind item`, where the item is found in no other. */
export type MessageKind = 'text' | 'tool' | 'pair' | 'ask' | 'last' | 'children'

/** Ends every whole answer, so that half of one is known. */
export const answerEnd = 'that is all.'
/** Some words have several bytes, for connections that end inside of a character. */
const words = ['one', 'zwölf', '三', '🙂', 'five']

/** The tools that a message is about, then text; what is said depends on the conversation alone. */
export function answerFrom({ body }: Pick<RecordedRequest, 'body'>): ScriptedAnswer {
  const asked = body.messages.findLastIndex(({ role }) => role === 'user')
  const [kind = '', item = ''] = String(body.messages[asked]?.content ?? '').split(' ')
  const results = body.messages.slice(asked + 1).filter(({ role }) => role === 'tool').length
  if (kind === 'last') return { text: `${item} ${answerEnd}` }
  const text = sentence(item, 24)
  const calls = results === 0 ? callsOf(kind, item) : []
  return { text, delayPerChunk: 4, ...(calls.length > 0 && { toolCalls: calls }) }
}

export function sentence(item: string, length: number): string[] {
  const parts = Array.from({ length }, (_, index) => `${item}.${index} ${words[index % 5]} `)
  return [...parts, answerEnd]
}

function callsOf(kind: string, item: string) {
  const record = { name: 'record', arguments: { item } }
  switch (kind) {
    case 'tool':
      return [record]
    case 'pair':
      return [record, { name: 'think', arguments: { thought: item } }]
    case 'ask':
      return [{ name: 'record_asked', arguments: { item } }]
    case 'children':
      return [
        { name: 'run_background_job', arguments: { cmd: 'sleep 600' } },
        { name: 'all_echo', arguments: { message: item } },
        { name: 'in_python', arguments: {} },
      ]
    default:
      return []
  }
}

const toolsWithChildren = ['run_background_job', 'all_echo', 'in_python']

const toolsetsWithChildren = [
  { type: 'shell' },
  { type: 'mcp', name: 'all', command: process.execPath, args: [mcpServer(), 'stdio'] },
  // Absent where the sandbox cannot be made.
  { type: 'code', python: [{ name: 'in_python', code: 'def execute(args):\n  return 1' }] },
]

function mcpServer(): string {
  const everything = '@modelcontextprotocol/server-everything/dist/index.js'
  return createRequire(import.meta.url).resolve(everything)
}

/** The agent of the trials: one tool with effects that is allowed, one that asks first. */
export function agentFile({
  modelUrl,
  ledgerUrl,
  withChildren = false,
}: {
  modelUrl: string
  ledgerUrl: string
  /** It has tools that run processes, too. */
  withChildren?: boolean
}): string {
  const tool = (name: string) => ({
    type: 'api',
    name,
    endpoint: ledgerUrl,
    method: 'POST',
    args: { item: { type: 'string' } },
    required: ['item'],
  })
  return JSON.stringify({
    agents: {
      root: {
        model: 'scripted',
        toolsets: [
          ...[tool('record'), tool('record_asked'), { type: 'think' }],
          ...(withChildren ? toolsetsWithChildren : []),
        ],
      },
    },
    permissions: { allow: ['record', ...toolsWithChildren], ask: ['record_asked'] },
    models: { scripted: { provider: 'scripted', model: 'scripted' } },
    providers: { scripted: { base_url: modelUrl } },
  })
}
