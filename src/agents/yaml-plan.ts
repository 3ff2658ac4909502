import { dirname, extname, resolve } from 'node:path'
import { parse } from 'yaml'
import type { AgentFile } from '#contract/agent-file.ts'
import { type Difference, differences } from './differences.ts'
import { instructionFile } from './load.ts'
import type { FilePath } from './problem.ts'
import type { Plan } from './write-plan.ts'
import { editJson, editYaml } from './yaml-edit.ts'

/**
 * What has to be written so that a YAML agent changes from one content to another: its own file, and
 * the files that its texts stand in.
 */
export function planYamlEdit(
  path: string,
  text: string,
  before: AgentFile,
  after: AgentFile,
): Plan {
  const written: unknown = parse(text, { merge: true, maxAliasCount: 100 })
  const plan: Plan = new Map()
  const steps: Difference[] = []
  for (const found of differences(before, after)) {
    const step = withWholeCommands(found, written, after)
    const behind = step.kind === 'set' ? fileBehind(written, step.path, dirname(path)) : undefined
    if (behind === undefined || step.kind !== 'set') steps.push(step)
    else plan.set(behind, textOf(step.value))
  }
  const edit = extname(path).toLowerCase() === '.json' ? editJson : editYaml
  if (steps.length > 0 || plan.size === 0) {
    plan.set(path, edit(text, steps, Object.keys(after.agents)))
  }
  return plan
}

/** Commands may be written as a list; a change of one is then a new mapping in its place. */
function withWholeCommands(step: Difference, written: unknown, after: AgentFile): Difference {
  const [top, , field] = step.path
  const path = step.path.slice(0, 3)
  const isInList = top === 'agents' && field === 'commands' && step.path.length > 3
  if (!isInList || !Array.isArray(at(written, path))) return step
  return { kind: 'set', path, value: at(after, path) }
}

/** The file that holds what stands at a path of the content. */
function fileBehind(written: unknown, path: FilePath, directory: string): string | undefined {
  const [top, , field, ...deeper] = path
  if (top !== 'agents') return undefined
  if (field === 'instruction') return instructionBehind(at(written, path), directory)
  const [, , , last] = deeper
  if (field !== 'toolsets' || deeper.length !== 4) return undefined
  const tool = at(written, path.slice(0, -1))
  if (last === 'code') return fileAt(tool, 'file', directory)
  const schema = at(tool, ['schema'])
  const isFile = last === 'schema' && typeof schema === 'string' && !schema.trim().startsWith('{')
  return isFile ? fileAt(tool, 'schema', directory) : undefined
}

function instructionBehind(written: unknown, directory: string): string | undefined {
  if (typeof written === 'string') return instructionFile(written, directory)
  return fileAt(written, 'file', directory)
}

function fileAt(value: unknown, field: string, directory: string): string | undefined {
  const name = at(value, [field])
  return typeof name === 'string' ? resolve(directory, name) : undefined
}

function at(value: unknown, path: FilePath): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, step)
  }
  return current
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`
}
