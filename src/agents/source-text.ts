import { extname } from 'node:path'
import type { AgentConfig } from '#contract/agent-edit.ts'
import { Problem } from '#contract/problem.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import { concealFile } from './conceal.ts'
import type { SourceFile } from './sources.ts'
import { readTextFile } from './text-file.ts'
import { isToml } from './toml-source.ts'
import { concealYaml, writeYaml } from './yaml-edit.ts'

/** An agent as it is written, without secrets; one of the database as it would be in a file. */
export async function sourceText(
  { name, file }: AgentSnapshot,
  source: SourceFile | undefined,
): Promise<Pick<AgentConfig, 'format' | 'text'>> {
  if (source === undefined) return { format: 'yaml', text: writeYaml(concealFile(file)) }
  const text = await readTextFile(source.path)
  if (typeof text !== 'string') {
    throw new Problem('not_found', `The file of agent ${name} is gone; reload it`)
  }
  if (isToml(source.path)) return { format: 'toml', text }
  const format = extname(source.path).toLowerCase() === '.json' ? 'json' : 'yaml'
  return { format, text: concealYaml(text) }
}
