import { readFile } from 'node:fs/promises'
import { readArguments } from './arguments.ts'
import { exitCodes, UsageError } from './failure.ts'
import type { World } from './world.ts'

/** Prints the committed document; a check keeps it equal to what the contract generates. */
export async function openapi(argv: readonly string[], { write }: World): Promise<number> {
  const { positionals } = readArguments(argv, [])
  if (positionals.length > 0) throw new UsageError('parley openapi takes no arguments')
  const document = await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8')
  write(document.trimEnd())
  return exitCodes.ok
}
