import type { LoadedAgent } from '#agents/load.ts'
import { loadAgent } from '#agents/load.ts'
import { AgentFileError, problemLine } from '#agents/problem.ts'
import type { SourceFile } from '#agents/sources.ts'
import { listSource, resolveSource } from '#agents/sources.ts'
import { readArguments } from './arguments.ts'
import { exitCodes, UsageError } from './failure.ts'
import type { World } from './world.ts'

/** Checks each file: a line on stdout for a right one, lines on stderr for what is wrong. */
export async function validate(argv: readonly string[], world: World): Promise<number> {
  const { positionals } = readArguments(argv, [])
  if (positionals.length === 0) {
    throw new UsageError('name the files to check: parley validate FILE…')
  }
  let isRight = true
  for (const source of positionals) {
    isRight = (await validateSource(source, world)) && isRight
  }
  return isRight ? exitCodes.ok : exitCodes.config
}

async function validateSource(source: string, world: World): Promise<boolean> {
  try {
    const resolved = await resolveSource(source, world.directory)
    const files = await listSource(resolved)
    if (files.length === 0) throw new AgentFileError([`${source}: no agent files in it`])
    const loaded = await Promise.all(files.map((file) => loadAgent(file, world.environment)))
    return files.map((file, index) => tell(file, loaded[index], world)).every((isRight) => isRight)
  } catch (error) {
    if (!(error instanceof AgentFileError)) throw error
    world.writeError(error.message)
    return false
  }
}

function tell(
  { source }: SourceFile,
  loaded: LoadedAgent | undefined,
  { write, writeError }: World,
): boolean {
  if (loaded === undefined) return false
  if ('problems' in loaded) {
    for (const problem of loaded.problems) writeError(problemLine(source, problem))
    return false
  }
  write(`${source}: ok (${Object.keys(loaded.snapshot.file.agents).join(', ')})`)
  return true
}
