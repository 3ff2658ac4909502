import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { errorResult, type Tool, textResult } from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import type { FilesystemSettings } from './filesystem-settings.ts'
import { compileGlob, compilePathGlob, matchesGlob, matchesPathGlob } from './glob.ts'
import { encodingOf } from './text-file.ts'
import { type WalkEntry, walk } from './walk.ts'

export function createSearchTool(files: FilesystemSettings): Tool {
  return defineTool({
    name: 'search_files_content',
    description:
      'Finds the lines of text files that contain a text, shown as path:line: text. The query is taken literally, or as a glob; regular expressions are not supported.',
    input: z.strictObject({
      query: z.string().min(1).max(256).describe('The text to look for, within one line'),
      path: z.string().min(1).optional().describe('The directory; the workspace when missing'),
      files: z.string().min(1).max(256).optional().describe('Only such files: *.md, src/**/*.ts'),
      glob: z.boolean().optional().describe('In the query * is any text and ? any character'),
    }),
    effect: 'read',
    annotations: {
      title: 'Search files',
      read_only: true,
      destructive: false,
      idempotent: true,
      open_world: false,
    },
    async execute({ query, path = '.', files: pattern, glob = false }, context) {
      if (/[\r\n]/.test(query)) {
        return errorResult('The query has a line break; search for one line at a time.')
      }
      const workspace = await files.open(context)
      const { ignoreVcs } = files
      const { signal } = context
      const search = createSearch({ query, glob, pattern })
      for await (const entry of walk({ workspace, start: path, ignoreVcs, depth: 64, signal })) {
        if (!search.wants(entry)) continue
        await search.look(entry)
        if (search.isOver()) break
      }
      return textResult(search.report())
    },
  })
}

const mostMatches = 200
const mostFiles = 20_000
const largestFile = 8 * 1024 * 1024
const linesInATurn = 200
/** How much of a line is matched; what is longer is no text that a person wrote. */
const longestMatched = 16_000
const longestLine = 300

function createSearch({
  query,
  glob,
  pattern,
}: {
  query: string
  glob: boolean
  pattern: string | undefined
}) {
  const lines: string[] = []
  const contains = lineTest(query, glob)
  const isWanted = pathTest(pattern)
  // Most files do not hold the text, which the bytes tell without decoding them.
  const needle = glob ? null : Buffer.from(query)
  let searched = 0
  let tooLarge = 0

  async function look(entry: WalkEntry): Promise<void> {
    searched += 1
    const content = await readWhole(entry)
    if (content === 'too large') tooLarge += 1
    if (content === null || content === 'too large') return
    const encoding = encodingOf(content)
    if (encoding === 'binary') return
    if (encoding === 'utf-8' && needle && !content.includes(needle)) return
    const text = new TextDecoder(encoding).decode(content)
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (lines.length > mostMatches) return
      if (index % linesInATurn === linesInATurn - 1) await setImmediate()
      if (contains(line.slice(0, longestMatched)))
        lines.push(`${entry.path}:${index + 1}: ${cut(line)}`)
    }
  }

  function report(): string {
    const notes: string[] = []
    if (lines.length > mostMatches) {
      notes.push(`[only the first ${mostMatches} matches; search for something longer]`)
    } else if (searched >= mostFiles) {
      notes.push(`[stopped after ${mostFiles} files; search in a directory further down]`)
    }
    if (tooLarge > 0) notes.push(`[${tooLarge} files were too large to search]`)
    const found = lines.slice(0, mostMatches)
    return [...(found.length > 0 ? found : ['No line matches.']), ...notes].join('\n')
  }

  return {
    wants: (entry: WalkEntry) => entry.kind === 'file' && isWanted(entry),
    look,
    isOver: () => lines.length > mostMatches || searched >= mostFiles,
    report,
  }
}

function lineTest(query: string, isGlob: boolean): (line: string) => boolean {
  if (!isGlob) return (line) => line.includes(query)
  const tokens = compileGlob(`*${query}*`)
  return (line) => matchesGlob(tokens, line)
}

/** A pattern without a slash is about the name, as in a `.gitignore`. */
function pathTest(pattern: string | undefined): (entry: WalkEntry) => boolean {
  if (pattern === undefined) return () => true
  const compiled = compilePathGlob(pattern.includes('/') ? pattern : `**/${pattern}`)
  return (entry) => matchesPathGlob(compiled, entry.path)
}

async function readWhole(entry: WalkEntry): Promise<Buffer | null | 'too large'> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(entry.directory.at(entry.name), flags).catch(() => null)
  if (!handle) return null
  try {
    await entry.directory.verify(handle, entry.name)
    const stats = await handle.stat()
    if (!stats.isFile()) return null
    return stats.size > largestFile ? 'too large' : await handle.readFile()
  } finally {
    await handle.close()
  }
}

function cut(line: string): string {
  const shown = line.trim().toWellFormed().replaceAll('\0', '\uFFFD')
  return shown.length > longestLine ? `${shown.slice(0, longestLine).toWellFormed()}…` : shown
}
