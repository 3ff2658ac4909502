import { a2a } from '#http/dialects/a2a.ts'
import { agUi } from '#http/dialects/ag-ui.ts'
import { aiSdk } from '#http/dialects/ai-sdk.ts'
import { appam } from '#http/dialects/appam.ts'
import { cagent } from '#http/dialects/cagent.ts'
import type { Dialect } from '#http/dialects/dialect.ts'
import { kawai } from '#http/dialects/kawai.ts'
import { mcp } from '#http/dialects/mcp.ts'
import { openai } from '#http/dialects/openai.ts'
import { pawan } from '#http/dialects/pawan.ts'
import { ra } from '#http/dialects/ra.ts'

/** Every wire that is spoken beside the contract's own; a new one is a line here. */
export const dialects: readonly Dialect[] = [
  agUi,
  aiSdk,
  appam,
  cagent,
  kawai,
  pawan,
  ra,
  openai,
  mcp,
  a2a,
]

/** Those that `--as` knows: they stand in for another server, on its own port. */
export function findStandIn(name: string): (Dialect & { port: number }) | undefined {
  return dialects.filter(isStandIn).find((dialect) => dialect.name === name)
}

export function standInNames(): string[] {
  return dialects.filter(isStandIn).map(({ name }) => name)
}

function isStandIn(dialect: Dialect): dialect is Dialect & { port: number } {
  return dialect.port !== undefined
}
