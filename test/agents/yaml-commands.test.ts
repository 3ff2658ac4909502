import { expect, test } from 'vitest'
import { parseAgentFile } from '#agents/parse.ts'
import { planYamlEdit } from '#agents/yaml-plan.ts'
import type { AgentFile } from '#contract/agent-file.ts'

const text = `agents:
  root:
    # What people type.
    commands:
      - fix: Fix it
      - go: Go
    instruction: Help
`

function parse(source: string): AgentFile {
  const parsed = parseAgentFile(source, { environment: {} })
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  return parsed.file
}

test('a changed command of a list is written, and the file means what was wanted', () => {
  const before = parse(text)
  const root = { ...before.agents.root, commands: { go: 'Go on', stop: 'Stop' } }
  const after: AgentFile = { ...before, agents: { root } }
  const written = planYamlEdit('/agents/a.yaml', text, before, after).get('/agents/a.yaml')
  expect(parse(String(written))).toEqual(after)
  expect(written).toContain('# What people type.')
})

test('a list of commands stays as it is when something else changes', () => {
  const before = parse(text)
  const after: AgentFile = {
    ...before,
    agents: { root: { ...before.agents.root, instruction: 'Help a lot' } },
  }
  const written = planYamlEdit('/agents/a.yaml', text, before, after).get('/agents/a.yaml')
  expect(written).toBe(text.replace('Help', 'Help a lot'))
})
