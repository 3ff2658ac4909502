import { type LinkFaults, linkAgents } from '#agents/links.ts'
import type { LoadedAgent } from '#agents/load.ts'
import { loadAgent } from '#agents/load.ts'
import { AgentFileError, problemLine } from '#agents/problem.ts'
import type { SourceFile } from '#agents/sources.ts'
import { listSource, resolveSource } from '#agents/sources.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import { readArguments } from './arguments.ts'
import { exitCodes, UsageError } from './failure.ts'
import type { World } from './world.ts'

/** Checks each file: a line on stdout for a right one, lines on stderr for what is wrong. */
export async function validate(argv: readonly string[], world: World): Promise<number> {
  const { positionals } = readArguments(argv, [])
  if (positionals.length === 0) {
    throw new UsageError('name the files to check: parley validate FILE…')
  }
  const found: (Loaded | AgentFileError)[] = []
  for (const source of positionals) found.push(...(await loadSource(source, world)))
  const { faults } = linkAgents(found.flatMap(linkable))
  const isRight = found.map((each) => tell(each, faults, world)).every((each) => each)
  return isRight ? exitCodes.ok : exitCodes.config
}

type Loaded = { file: SourceFile; loaded: LoadedAgent }

async function loadSource(source: string, world: World): Promise<(Loaded | AgentFileError)[]> {
  try {
    const resolved = await resolveSource(source, world.directory)
    const files = await listSource(resolved)
    if (files.length === 0) throw new AgentFileError([`${source}: no agent files in it`])
    return await Promise.all(
      files.map(async (file) => ({ file, loaded: await loadAgent(file, world.environment) })),
    )
  } catch (error) {
    if (!(error instanceof AgentFileError)) throw error
    return [error]
  }
}

/** What is in a registry cannot be known here. */
function linkable(found: Loaded | AgentFileError): AgentSnapshot[] {
  if (found instanceof AgentFileError || 'problems' in found.loaded) return []
  const { mentions = [], ...snapshot } = found.loaded.snapshot
  return [{ ...snapshot, mentions: mentions.filter(({ reference }) => reference === undefined) }]
}

function tell(
  found: Loaded | AgentFileError,
  faults: LinkFaults,
  { write, writeError }: World,
): boolean {
  if (found instanceof AgentFileError) {
    writeError(found.message)
    return false
  }
  const { loaded } = found
  const { source } = found.file
  const lines =
    'problems' in loaded
      ? loaded.problems.map((problem) => problemLine(source, problem))
      : (faults.get(loaded.snapshot.name) ?? [])
  for (const line of lines) writeError(line)
  if ('problems' in loaded || lines.length > 0) return false
  for (const note of loaded.notes) writeError(`warning: ${problemLine(source, note)}`)
  write(`${source}: ok (${Object.keys(loaded.snapshot.file.agents).join(', ')})`)
  return true
}
