import { readFileSync } from 'node:fs'

export type Instruction = { word: string; text: string }
export type Stage = { name: string | undefined; instructions: Instruction[] }

const root = new URL('../../', import.meta.url)

/** The stages of the Dockerfile with their instructions, in order. */
export function readStages(): Stage[] {
  const text = readFileSync(new URL('Dockerfile', root), 'utf8')
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
  const stages: Stage[] = []
  for (const line of lines) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? []
    if (word === 'FROM') stages.push({ name: / AS (\w+)$/.exec(rest)?.[1], instructions: [] })
    else if (word !== '') stages.at(-1)?.instructions.push({ word, text: rest.trim() })
  }
  return stages
}

export type Copy = { from: string | undefined; sources: string[]; target: string }

export function copiesOf({ instructions }: Stage): Copy[] {
  return instructions.flatMap(({ word, text }) => {
    if (word !== 'COPY') return []
    const from = /^--from=(\w+) /.exec(text)?.[1]
    const paths = text.replace(/^--from=\w+ /, '').split(/\s+/)
    return [{ from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' }]
  })
}

/** The last instruction of a kind, as the list that it holds in JSON. */
export function listOf({ instructions }: Stage, word: string): string[] {
  return JSON.parse(instructions.findLast((one) => one.word === word)?.text ?? '[]')
}

export function environmentOf({ instructions }: Stage): Record<string, string> {
  const texts = instructions.flatMap(({ word, text }) => (word === 'ENV' ? text.split(/\s+/) : []))
  return Object.fromEntries(texts.map((pair) => pair.split(/=(.*)/s).slice(0, 2)))
}

/** Whether .dockerignore lets a path of the checkout into a build: the last rule that matches counts. */
export function isInContext(path: string): boolean {
  const rules = readFileSync(new URL('.dockerignore', root), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  let isIgnored = false
  for (const rule of rules) {
    const isException = rule.startsWith('!')
    if (toPattern(isException ? rule.slice(1) : rule).test(path)) isIgnored = !isException
  }
  return !isIgnored
}

/** A rule holds for what it names and all below it. */
function toPattern(rule: string): RegExp {
  const escaped = rule
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('**/', '(?:.*/)?')
    .replaceAll(/(?<![.)])\*/g, '[^/]*')
  return new RegExp(`^${escaped}(?:/.*)?$`)
}
