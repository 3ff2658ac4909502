import type { Dialect } from './dialects/dialect.ts'

export type Spoken = {
  all: readonly Dialect[]
  /** It has the root of the server, and the contract stands under `/parley`. */
  atRoot: Dialect | undefined
}

/**
 * Finds whose words are spoken at a path; undefined for the contract's own, which keeps some paths
 * where a dialect has the root.
 */
export function indexDialects({ all, atRoot }: Spoken, kept: ReadonlySet<string>) {
  const single = new Map<string, Dialect>()
  for (const dialect of all) {
    for (const route of dialect.routes) if (route.atRoot) single.set(route.path, dialect)
  }

  return (path: string): Dialect | undefined => {
    const found = single.get(path) ?? all.find(({ mount }) => isBelow(path, mount))
    if (found || !atRoot || kept.has(path) || isBelow(path, '/parley')) return found
    return atRoot
  }
}

function isBelow(path: string, base: string): boolean {
  return path.startsWith(base) && (path.length === base.length || path[base.length] === '/')
}
