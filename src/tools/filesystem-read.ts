import { lstat } from 'node:fs/promises'
import { z } from 'zod'
import { errorResult, type Tool, type ToolContext, textResult } from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import type { FilesystemSettings } from './filesystem-settings.ts'
import { readLines, type TextSlice } from './text-file.ts'
import { type WalkEntry, walk } from './walk.ts'
import type { Workspace } from './workspace.ts'

/** read_file, read_multiple_files, list_directory and directory_tree. */
export function createReadTools(files: FilesystemSettings): Tool[] {
  return [readFile(files), readMultipleFiles(files), listDirectory(files), directoryTree(files)]
}

const defaultLines = 2000
const mostCharacters = 64 * 1024
const mostEntries = 1000
const reading = { read_only: true, destructive: false, idempotent: true, open_world: false }

function readFile(files: FilesystemSettings): Tool {
  return defineTool({
    name: 'read_file',
    description:
      'Reads a text file. A long file comes in parts: the answer says with which offset to go on.',
    input: z.strictObject({
      path: z.string().min(1).describe('The file, relative to the workspace'),
      offset: z.int().min(1).max(1e9).optional().describe('The first line to read; 1 when missing'),
      limit: z.int().min(1).max(1e6).optional().describe(`Lines; ${defaultLines} when missing`),
    }),
    effect: 'read',
    annotations: { title: 'Read file', ...reading },
    async execute({ path, offset = 1, limit = defaultLines }, context) {
      const workspace = await files.open(context)
      const range = { offset, limit, maximum: mostCharacters }
      return textResult(await readTextPart(workspace, path, range, context.signal))
    },
  })
}

function readMultipleFiles(files: FilesystemSettings): Tool {
  return defineTool({
    name: 'read_multiple_files',
    description:
      'Reads several text files at once. Each is shown under its path; one that fails does not stop the others.',
    input: z.strictObject({
      paths: z.array(z.string().min(1)).min(1).max(50).describe('Relative to the workspace'),
    }),
    effect: 'read',
    annotations: { title: 'Read files', ...reading },
    async execute({ paths }, context) {
      const workspace = await files.open(context)
      const maximum = Math.floor((2 * mostCharacters) / paths.length)
      const range = { offset: 1, limit: defaultLines, maximum }
      const parts: string[] = []
      let failures = 0
      for (const path of paths) {
        const text = await readTextPart(workspace, path, range, context.signal).catch(
          (error: unknown) => {
            context.signal.throwIfAborted()
            failures += 1
            return `[failed: ${error instanceof Error ? error.message : String(error)}]`
          },
        )
        parts.push(`=== ${path} ===\n${text}`)
      }
      const output = parts.join('\n\n')
      return failures === paths.length ? errorResult(output) : textResult(output)
    },
  })
}

function listDirectory(files: FilesystemSettings): Tool {
  return defineTool({
    name: 'list_directory',
    description:
      'Lists what is directly in a directory: directories end with /, files show their size in bytes.',
    input: z.strictObject({
      path: z.string().min(1).optional().describe('The directory; the workspace when missing'),
    }),
    effect: 'read',
    annotations: { title: 'List directory', ...reading },
    async execute({ path = '.' }, context) {
      const lines = await walkLines(files, context, { path, depth: 1 }, describeEntry)
      return textResult(lines.join('\n') || '(empty directory)')
    },
  })
}

function directoryTree(files: FilesystemSettings): Tool {
  return defineTool({
    name: 'directory_tree',
    description: 'Shows a directory and everything below it as an indented tree.',
    input: z.strictObject({
      path: z.string().min(1).optional().describe('The directory; the workspace when missing'),
      depth: z.int().min(1).max(32).optional().describe('How many levels; 6 when missing'),
    }),
    effect: 'read',
    annotations: { title: 'Directory tree', ...reading },
    async execute({ path = '.', depth = 6 }, context) {
      const lines = await walkLines(files, context, { path, depth }, async (entry) => {
        return '  '.repeat(entry.depth) + nameOf(entry)
      })
      return textResult(lines.join('\n') || '(empty directory)')
    },
  })
}

async function walkLines(
  files: FilesystemSettings,
  context: ToolContext,
  { path, depth }: { path: string; depth: number },
  toLine: (entry: WalkEntry) => Promise<string>,
): Promise<string[]> {
  const workspace = await files.open(context)
  const { ignoreVcs } = files
  const lines: string[] = []
  const { signal } = context
  for await (const entry of walk({ workspace, start: path, ignoreVcs, depth, signal })) {
    if (lines.length >= mostEntries) {
      lines.push(`[more than ${mostEntries} entries; ask for a directory further down]`)
      break
    }
    lines.push(await toLine(entry))
  }
  return lines
}

async function describeEntry(entry: WalkEntry): Promise<string> {
  if (entry.kind !== 'file') return nameOf(entry)
  const stats = await lstat(entry.directory.at(entry.name)).catch(() => null)
  return stats ? `${nameOf(entry)} (${stats.size} bytes)` : nameOf(entry)
}

function nameOf({ kind, name }: WalkEntry): string {
  // A name may hold anything but / and NUL; a line of output must stay one line.
  const shown = /\p{Cc}/u.test(name) ? JSON.stringify(name) : name
  switch (kind) {
    case 'file':
      return shown
    case 'directory':
      return `${shown}/`
    case 'link':
      return `${shown} (symbolic link)`
    case 'other':
      return `${shown} (device, pipe or socket)`
  }
}

/** Some lines of a file, with a note in brackets when there are more or it is no text. */
export async function readTextPart(
  workspace: Workspace,
  path: string,
  range: { offset: number; limit: number; maximum: number },
  signal: AbortSignal,
): Promise<string> {
  const file = await workspace.openFile(path)
  try {
    const slice = await readLines({ handle: file.handle, ...range, signal })
    const shown = workspace.show(file.path)
    if (!slice) return `[${shown} is a binary file of ${file.size} bytes; it has no text to show]`
    return describeSlice(slice, shown)
  } finally {
    await file.handle.close()
  }
}

function describeSlice(slice: TextSlice, shown: string): string {
  const { text, firstLine, lastLine, more, isCut, isDamaged } = slice
  if (text === '' && firstLine === 1 && !more) return '[the file is empty]'
  if (text === '' && !more) return `[${shown} ends before line ${firstLine}]`
  const notes: string[] = []
  if (isDamaged) notes.push('[some bytes are not valid text; \uFFFD stands for them]')
  if (isCut)
    notes.push(`[line ${lastLine} is too long and was cut; go on with offset ${lastLine + 1}]`)
  else if (more)
    notes.push(`[lines ${firstLine} to ${lastLine}; go on with offset ${lastLine + 1}]`)
  if (notes.length === 0) return text
  return `${text}${text.endsWith('\n') ? '' : '\n'}${notes.join('\n')}`
}
