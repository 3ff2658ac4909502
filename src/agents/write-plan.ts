import { rm } from 'node:fs/promises'
import { replaceText } from './write-files.ts'

/**
 * Texts by the absolute paths that they are to be written to; null removes. Texts are written in
 * order, so the agent's own file, which names the others, comes after them.
 */
export type Plan = Map<string, string | null>

export async function carryOut(plan: Plan): Promise<void> {
  for (const [path, text] of plan) if (text !== null) await replaceText(path, text)
  for (const [path, text] of plan) if (text === null) await rm(path, { force: true })
}
