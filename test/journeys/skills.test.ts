import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type App, startApp } from '../support/app.ts'
import { ask, expectGoesOn, newSession, toldResults } from './conversation.ts'

const assistant = `
agents:
  root:
    model: scripted
    instruction: Help.
    skills: true
`

async function putSkill({ directory }: App, description: string): Promise<void> {
  const place = join(directory, '.agents/skills/refunds')
  await mkdir(join(place, 'references'), { recursive: true })
  await writeFile(
    join(place, 'SKILL.md'),
    `---\nname: refunds\ndescription: ${description}\n---\nRead references/limits.md first.\n`,
  )
  await writeFile(join(place, 'references/limits.md'), 'At most 50 euros.\n')
}

function systemPrompt({ model }: App): string {
  return String(model.requests.at(-1)?.body.messages[0]?.content)
}

test('an agent is told of its skills and reads one with its files, without asking anybody', async () => {
  const app = await startApp({ agents: { assistant } })
  await putSkill(app, 'How money is given back')
  app.model.push(
    { toolCalls: [{ name: 'read_skill', arguments: { name: 'refunds' } }] },
    {
      toolCalls: [
        {
          name: 'read_skill_file',
          arguments: { skill_name: 'refunds', path: 'references/limits.md' },
        },
      ],
    },
    { text: 'At most 50' },
  )
  const session = await newSession(app)
  const { run, output } = await ask(app, { session })
  expect(output).toBe('At most 50')
  expect(systemPrompt(app)).toContain('- refunds (.agents/skills/refunds): How money is given back')
  expect(toldResults(app)).toEqual([
    expect.stringContaining('Read references/limits.md first.'),
    'At most 50 euros.\n',
  ])
  await app.events(run.id)
  await expectGoesOn(app, session)
})

test('an agent made over the API reads no skills of the server', async () => {
  const app = await startApp({ agents: { assistant } })
  const made = await fetch(`${app.url}/api/agents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'reader', config: { agents: { root: { skills: true } } } }),
  })
  expect(made.status).toBe(422)
  expect(await made.text()).toContain('no skills of the server may be read')
})
