import { createHash } from 'node:crypto'
import type { ServerTool } from './mcp-connection.ts'

export type AcceptedTools = {
  /** Parts the tools that may be used from those that changed since they were first seen. */
  check(viewer: string, tools: ServerTool[]): { usable: ServerTool[]; changed: ServerTool[] }
}

const mostViewers = 256

/**
 * Remembers each tool as it was when the toolset first saw it, which is what was accepted. A server
 * that later describes a tool otherwise may be up to something: it is not used until the toolset is
 * made anew. Tools that come later are accepted as they come. Viewers are told apart, since a server
 * may describe its tools to each caller in another way.
 */
export function createAcceptedTools(): AcceptedTools {
  const viewers = new Map<string, Map<string, string>>()

  function acceptedBy(viewer: string): Map<string, string> {
    const known = viewers.get(viewer)
    if (known) return known
    const [oldest] = viewers.keys()
    if (oldest !== undefined && viewers.size >= mostViewers) viewers.delete(oldest)
    const fresh = new Map<string, string>()
    viewers.set(viewer, fresh)
    return fresh
  }

  return {
    check(viewer, tools) {
      const accepted = acceptedBy(viewer)
      const usable: ServerTool[] = []
      const changed: ServerTool[] = []
      for (const tool of tools) {
        const seen = fingerprint(tool)
        if (!accepted.has(tool.name)) accepted.set(tool.name, seen)
        const isSame = accepted.get(tool.name) === seen
        ;(isSame ? usable : changed).push(tool)
      }
      return { usable, changed }
    },
  }
}

/** Over all that steers the model or the permissions; the order of keys means nothing. */
function fingerprint(tool: ServerTool): string {
  const { description, title, inputSchema, outputSchema, annotations } = tool
  const parts = [description, title, inputSchema, outputSchema, annotations]
  return createHash('sha256').update(JSON.stringify(parts, sorted)).digest('hex')
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
