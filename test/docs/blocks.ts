import { readdirSync, readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

/** A fenced block of a page. */
export type Block = {
  /** The page and the line, to be found by. */
  place: string
  page: string
  language: string
  /** Why it cannot be run, from `no-run="…"` after the language. */
  noRun: string | undefined
  text: string
}

/** Every block of the pages that people read, in their order. */
export function readBlocks(): Block[] {
  return pages().flatMap((page) => blocksOf(page, readFileSync(new URL(page, root), 'utf8')))
}

function pages(): string[] {
  const docs = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
  const written = docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
  return [
    'README.md',
    'CONTRIBUTING.md',
    'tools/client/README.md',
    'web/README.md',
    ...written.sort(),
  ]
}

function blocksOf(page: string, text: string): Block[] {
  return [...text.matchAll(/^ *```([^\n]*)\n(.*?)^ *```$/gms)].map((match) => {
    const [, information = '', content = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    const [, noRun] = /no-run="([^"]*)"/.exec(information) ?? []
    const [language = ''] = information.split(' ')
    return { place: `${page}:${line}`, page, language, noRun, text: content }
  })
}

/** The commands of a shell block: comments and environment left out, lines that go on joined. */
export function commandsOf(text: string): string[] {
  // A quoted body may have lines of its own.
  const joined = text
    .replaceAll(/\\\n\s*/g, ' ')
    .replaceAll(/'[^']*'/g, (quoted) => quoted.replaceAll(/[\n;#]/g, ' '))
  return joined
    .split('\n')
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/ && |; /))
    .map((command) => command.trim().replace(/^(?:[A-Z_]+=\S+ )+/, ''))
    .filter((command) => command !== '')
}
