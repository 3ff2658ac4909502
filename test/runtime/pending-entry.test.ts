import { expect, test } from 'vitest'
import { noUsage } from '#contract/usage.ts'
import { addChange, emptyEntry, toLogEntry } from '#runtime/pending-entry.ts'

test('changes of a session that commit together are summed, and the model picked last stays', () => {
  const entry = emptyEntry({ sessionId: 'ses_1', token: 1, head: 0 })
  const change = { id: 'ses_1', agentName: null, title: null }
  const usage = { ...noUsage, input_tokens: 3 }
  const picks = ['fast', 'strong'].map((model) => ({ ...change, usage, picked: { model } }))
  for (const pick of picks) addChange(entry, { events: [], sessions: [pick] })
  addChange(entry, { events: [], sessions: [{ ...change, usage, agentName: 'root' }] })
  expect(toLogEntry(entry).sessions).toEqual([
    {
      ...change,
      agentName: 'root',
      usage: { ...noUsage, input_tokens: 9 },
      picked: { model: 'strong' },
    },
  ])
})
