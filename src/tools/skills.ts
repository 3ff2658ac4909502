import { z } from 'zod'
import { errorResult, type Tool, type Toolset, textResult } from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import { readTextPart } from './filesystem-read.ts'
import { findSkills, type Skill, skillFile, skillRoots } from './skills-search.ts'
import { readEntry } from './toolset-config.ts'
import { walk } from './walk.ts'
import { openWorkspace } from './workspace.ts'

/**
 * Makes the factory of the toolset behind an agent's `skills:`. The skills are listed in the prompt;
 * what they say, and the files beside them, the model reads when it needs them. They are looked for
 * again at every step, at most once in `freshness`, so that an edited skill counts at once.
 */
export function createSkillsToolset({
  home,
  now,
  warn,
  freshness = 500,
}: {
  /** The user's own directory, for `~/.claude/skills` and its like. */
  home: string | undefined
  /** Milliseconds of a clock that only goes forward. */
  now: () => number
  warn(message: string): void
  freshness?: number
}) {
  return (
    config: Record<string, unknown>,
    { baseDirectory, allowStdio }: { baseDirectory: string; allowStdio?: boolean },
  ): Toolset => {
    const { sources } = readEntry('skills', entry, config)
    if (allowStdio !== true) {
      throw new Error(
        'skills are read only for agents from files and directories named on the command line',
      )
    }
    const roots = skillRoots(sources, { baseDirectory, home })
    const told = new Set<string>()
    let skills: Skill[] = []
    let search: { at: number; done: Promise<void> } | undefined

    async function refresh(): Promise<void> {
      const found = await findSkills(roots)
      skills = found.skills
      for (const problem of found.problems) {
        if (!told.has(problem)) warn(problem)
        told.add(problem)
      }
    }

    return {
      get instruction() {
        return describeSkills(skills)
      },
      async tools() {
        if (!search || now() - search.at > freshness) search = { at: now(), done: refresh() }
        await search.done
        return skills.length === 0 ? [] : createTools(() => skills)
      },
    }
  }
}

const entry = z.strictObject({ type: z.string(), sources: z.array(z.string().min(1)) })
const reading = { read_only: true, destructive: false, idempotent: true, open_world: false }
const mostFiles = 100
const part = { limit: 2000, maximum: 64 * 1024 }

function describeSkills(skills: Skill[]): string {
  if (skills.length === 0) return ''
  const lines = skills.map(({ name, description, place }) => `- ${name} (${place}): ${description}`)
  return [
    'Skills are instructions for certain tasks. When a task fits the description of one, read it with read_skill before you begin, and do as it says:',
    ...lines,
  ].join('\n')
}

function createTools(current: () => Skill[]): Tool[] {
  return [readSkill(current), readSkillFile(current)]
}

function readSkill(current: () => Skill[]): Tool {
  return defineTool({
    name: 'read_skill',
    description: 'Reads the instructions of a skill by its name, and lists the files beside them.',
    input: z.strictObject({ name: z.string().min(1).describe('The skill, as it is listed') }),
    effect: 'read',
    annotations: { title: 'Read skill', ...reading },
    async execute({ name }, { signal }) {
      const skill = current().find((candidate) => candidate.name === name)
      if (!skill) return errorResult(unknownSkill(name, current()))
      const workspace = await openWorkspace(skill.directory)
      const text = await readTextPart(workspace, skillFile, { offset: 1, ...part }, signal)
      const files = await listFiles(skill, signal)
      if (files.length === 0) return textResult(text)
      const list = files.map((file) => `- ${file}`).join('\n')
      return textResult(`${text.trimEnd()}\n\n[files for read_skill_file:\n${list}]`)
    },
  })
}

function readSkillFile(current: () => Skill[]): Tool {
  return defineTool({
    name: 'read_skill_file',
    description:
      'Reads a file that belongs to a skill, when the skill says so. A long file comes in parts: the answer says with which offset to go on.',
    input: z.strictObject({
      skill_name: z.string().min(1).describe('The skill, as it is listed'),
      path: z.string().min(1).describe("Relative to the skill's directory"),
      offset: z.int().min(1).max(1e9).optional().describe('The first line to read; 1 when missing'),
    }),
    effect: 'read',
    annotations: { title: 'Read file of a skill', ...reading },
    async execute({ skill_name, path, offset = 1 }, { signal }) {
      const skill = current().find(({ name }) => name === skill_name)
      if (!skill) return errorResult(unknownSkill(skill_name, current()))
      const workspace = await openWorkspace(skill.directory)
      return textResult(await readTextPart(workspace, path, { offset, ...part }, signal))
    },
  })
}

async function listFiles(skill: Skill, signal: AbortSignal): Promise<string[]> {
  const workspace = await openWorkspace(skill.directory)
  const files: string[] = []
  for await (const entry of walk({ workspace, start: '.', ignoreVcs: true, depth: 4, signal })) {
    if (entry.kind !== 'file' || entry.path === skillFile) continue
    if (files.length === mostFiles) return [...files, '… and more']
    files.push(/\p{Cc}/u.test(entry.path) ? JSON.stringify(entry.path) : entry.path)
  }
  return files
}

function unknownSkill(name: string, skills: Skill[]): string {
  const names = skills.map((skill) => skill.name).join(', ')
  return `There is no skill ${name}. The skills are: ${names}.`
}
