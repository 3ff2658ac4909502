import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { createSkillsToolset } from '#tools/skills.ts'
import { callTool, temporaryDirectory, toolContext } from './tool-context.ts'

const dockerfile = `---
name: create-dockerfile
description: >
  Writes a Dockerfile
  for an application
license: Apache-2.0
---

# Dockerfiles

Follow references/rules.md.
`

async function project({ sources = ['local'] }: { sources?: string[] } = {}) {
  const root = await temporaryDirectory()
  const home = await temporaryDirectory()
  const warnings: string[] = []
  let time = 0
  const factory = createSkillsToolset({
    home,
    now: () => time,
    warn: (message) => void warnings.push(message),
  })
  const config = { type: 'skills', sources }
  const toolset = factory(config, { baseDirectory: root, allowStdio: true })
  async function put(path: string, text: string, directory = root) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), text)
  }
  async function call(name: string, args: Record<string, unknown>) {
    const outcome = await callTool(toolset, name, args)
    if (outcome.type !== 'result') throw new Error('no result')
    return outcome
  }
  async function listed() {
    time += 1000
    await toolset.tools(toolContext())
    return toolset.instruction
  }
  return { root, home, toolset, factory, config, warnings, put, call, listed }
}

function skill(name: string, description: string): string {
  return `---\nname: ${name}\ndescription: ${description}\n---\nDo it.\n`
}

test('the prompt lists each skill with what it is for and where it is', async () => {
  const { put, listed } = await project()
  await put('.agents/skills/docker/SKILL.md', dockerfile)
  expect(await listed()).toContain(
    '- create-dockerfile (.agents/skills/docker): Writes a Dockerfile for an application',
  )
})

test('a skill is read with a list of its files, and its files one by one', async () => {
  const { put, call } = await project()
  await put('.agents/skills/docker/SKILL.md', dockerfile)
  await put('.agents/skills/docker/references/rules.md', 'No root user.\n')
  const read = await call('read_skill', { name: 'create-dockerfile' })
  expect(read.output).toContain('# Dockerfiles')
  expect(read.output).toContain('[files for read_skill_file:\n- references/rules.md]')
  const rules = { skill_name: 'create-dockerfile', path: 'references/rules.md' }
  expect(await call('read_skill_file', rules)).toMatchObject({ output: 'No root user.\n' })
})

test('nothing outside the directory of a skill can be read through it', async () => {
  const { root, put, call } = await project()
  await put('secret.txt', 'secret')
  await put('.agents/skills/docker/SKILL.md', dockerfile)
  await symlink(join(root, 'secret.txt'), join(root, '.agents/skills/docker/link.txt'))
  for (const path of ['../../../secret.txt', join(root, 'secret.txt'), 'link.txt']) {
    const outcome = await call('read_skill_file', { skill_name: 'create-dockerfile', path })
    expect(outcome.is_error).toBe(true)
    expect(outcome.output).toContain('is outside')
  }
})

test("the project's skills win over the user's, and the nearest directory over the repository's", async () => {
  const { root, home, put, factory, config } = await project()
  await mkdir(join(root, '.git'))
  await put('.codex/skills/group/deep/SKILL.md', skill('deep', 'of the user'), home)
  await put('.agents/skills/a/SKILL.md', skill('a', 'of the user'), home)
  await put('.agents/skills/a/SKILL.md', skill('a', 'of the repository'))
  await put('.agents/skills/b/SKILL.md', skill('b', 'of the repository'))
  await put('team/.agents/skills/b/SKILL.md', skill('b', 'of the team'))
  const place = { baseDirectory: join(root, 'team'), allowStdio: true }
  const toolset = factory(config, place)
  await toolset.tools(toolContext())
  expect(toolset.instruction?.split('\n').slice(1)).toEqual([
    '- a (../.agents/skills/a): of the repository',
    '- b (.agents/skills/b): of the team',
    '- deep (~/.codex/skills/group/deep): of the user',
  ])
})

test('a directory that the file names holds skills, or is one', async () => {
  const { put, listed } = await project({ sources: ['./handbook', './one'] })
  await put('handbook/refunds/SKILL.md', skill('refunds', 'Gives money back'))
  await put('one/SKILL.md', '---\ndescription: Has no name\n---\n')
  expect(await listed()).toContain('- refunds (handbook/refunds): Gives money back')
  expect(await listed()).toContain('- one (one): Has no name')
})

test('a skill that is wrong is left out, and said once why', async () => {
  const { root, put, listed, warnings } = await project()
  await put('.agents/skills/bare/SKILL.md', '# No front matter\n')
  await put('.agents/skills/mute/SKILL.md', '---\nname: mute\n---\n')
  await put('.agents/skills/torn/SKILL.md', '---\nname: [\n---\n')
  await put('elsewhere.md', dockerfile)
  await mkdir(join(root, '.agents/skills/linked'))
  await symlink(join(root, 'elsewhere.md'), join(root, '.agents/skills/linked/SKILL.md'))
  expect(await listed()).toBe('')
  expect(await listed()).toBe('')
  expect(warnings).toEqual([
    expect.stringContaining('.agents/skills/bare is left out: SKILL.md does not begin with front'),
    expect.stringContaining('.agents/skills/linked is left out: The path SKILL.md is outside'),
    expect.stringContaining('.agents/skills/mute is left out: its front matter has no description'),
    expect.stringContaining('.agents/skills/torn is left out: '),
  ])
})

test('an edited skill counts at the next look, and one that is gone is told', async () => {
  const { put, listed, call } = await project()
  await put('.agents/skills/a/SKILL.md', skill('a', 'before'))
  expect(await listed()).toContain('before')
  await put('.agents/skills/a/SKILL.md', skill('b', 'after'))
  expect(await listed()).toContain('- b (.agents/skills/a): after')
  expect(await call('read_skill', { name: 'a' })).toMatchObject({
    is_error: true,
    output: 'There is no skill a. The skills are: b.',
  })
})

test('without skills there are no tools for them', async () => {
  const { toolset } = await project()
  expect(await toolset.tools(toolContext())).toEqual([])
})

test('an agent that the operator did not name reads no skills', async () => {
  const { factory, config, root } = await project()
  expect(() => factory(config, { baseDirectory: root })).toThrow('named on the command line')
})
