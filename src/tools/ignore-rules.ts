import { compilePathGlob, matchesPathGlob, type PathGlob } from './glob.ts'

/** The rules of one `.gitignore`; `base` is its directory relative to the root, '' for the root. */
export type IgnoreRules = { base: string; rules: IgnoreRule[] }

type IgnoreRule = { glob: PathGlob; isNegated: boolean; onlyDirectories: boolean }

/** Reads a `.gitignore` by the rules of gitignore(5). */
export function parseIgnoreRules(base: string, text: string): IgnoreRules {
  const lines = text.split(/\r?\n/).slice(0, mostRules)
  return { base, rules: lines.flatMap((line) => toRule(line) ?? []) }
}

/**
 * Whether `path` (relative to the root) is ignored; `levels` from the root downwards. The last rule
 * that matches decides. What stands in an ignored directory is not asked about: nobody enters it.
 */
export function isIgnored(levels: IgnoreRules[], path: string, isDirectory: boolean): boolean {
  for (const { base, rules } of levels.toReversed()) {
    if (base !== '' && !path.startsWith(`${base}/`)) continue
    const inside = base === '' ? path : path.slice(base.length + 1)
    const decisive = rules.findLast(
      (rule) => (isDirectory || !rule.onlyDirectories) && matchesPathGlob(rule.glob, inside),
    )
    if (decisive) return !decisive.isNegated
  }
  return false
}

const mostRules = 1000
const longestRule = 500

function toRule(line: string): IgnoreRule | null {
  if (line.length > longestRule) return null
  const text = line.replace(/(?<!\\)\s+$/, '')
  if (text === '' || text.startsWith('#')) return null
  const isNegated = text.startsWith('!')
  const pattern = isNegated ? text.slice(1) : text
  const onlyDirectories = pattern.endsWith('/')
  const body = pattern.replace(/\/$/, '')
  if (body === '') return null
  const anchored = body.includes('/') ? body.replace(/^\//, '') : `**/${body}`
  return { glob: compilePathGlob(anchored), isNegated, onlyDirectories }
}
