import { loadAgent } from '#agents/load.ts'
import { AgentFileError, problemLine } from '#agents/problem.ts'
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
    const lines = await Promise.all(files.map((file) => checkFile(file, world)))
    return lines.every((isRight) => isRight)
  } catch (error) {
    if (!(error instanceof AgentFileError)) throw error
    world.writeError(error.message)
    return false
  }
}

async function checkFile(
  file: Awaited<ReturnType<typeof listSource>>[number],
  { environment, write, writeError }: World,
): Promise<boolean> {
  const loaded = await loadAgent(file, environment)
  if ('problems' in loaded) {
    for (const problem of loaded.problems) writeError(problemLine(file.source, problem))
    return false
  }
  const names = Object.keys(loaded.snapshot.file.agents).join(', ')
  write(`${file.source}: ok (${names})`)
  return true
}
