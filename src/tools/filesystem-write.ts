import type { Stats } from 'node:fs'
import { lstat, mkdir, rmdir, unlink } from 'node:fs/promises'
import { z } from 'zod'
import type { ToolAnnotations } from '#contract/tool.ts'
import { errorResult, type Tool, textResult } from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import type { Directory } from './directory.ts'
import type { FilesystemSettings } from './filesystem-settings.ts'
import { replaceFile } from './replace-file.ts'
import { applyEdits } from './text-edits.ts'
import { encodingOf } from './text-file.ts'
import { createTurns, type Turns } from './turns.ts'
import type { Workspace } from './workspace.ts'
import { codeOf, explained, WorkspaceError } from './workspace-error.ts'

/** write_file, edit_file, create_directory and remove_directory. */
export function createWriteTools(files: FilesystemSettings): Tool[] {
  // Calls of one message run side by side; two edits of one file must not.
  const turns = createTurns()
  return [writeFile(files), editFile(files, turns), createDirectory(files), removeDirectory(files)]
}

const largestEditedFile = 10 * 1024 * 1024
const mostRemoved = 10_000
const path = z.string().min(1).describe('Relative to the workspace')

function writing(title: string, destructive: boolean, idempotent: boolean): ToolAnnotations {
  return { title, read_only: false, destructive, idempotent, open_world: false }
}

function writeFile(files: FilesystemSettings): Tool {
  return defineTool({
    name: 'write_file',
    description:
      'Writes a whole text file, in place of the one that is there; missing directories are made. To change a part of a file use edit_file.',
    input: z.strictObject({ path, content: z.string().describe('All of the new content') }),
    effect: 'idempotent',
    annotations: writing('Write file', true, true),
    async execute(args, context) {
      const workspace = await files.open(context)
      const { directory, name, ...place } = await openForWriting(files, workspace, args.path, true)
      const shown = workspace.show(place.path)
      try {
        const { callId } = context
        const content = args.content
        const done = await replaceFile({ directory, name, content, callId, shown })
        return textResult(`${shown} was ${done}: ${Buffer.byteLength(content)} bytes.`)
      } finally {
        await directory.close()
      }
    },
  })
}

function editFile(files: FilesystemSettings, turns: Turns): Tool {
  return defineTool({
    name: 'edit_file',
    description:
      'Changes parts of a text file. Each edit replaces old_text, which must be in the file exactly once, by new_text. All edits are made, or none.',
    input: z.strictObject({
      path,
      edits: z
        .array(
          z.strictObject({
            old_text: z.string().min(1).describe('Copied exactly from the file'),
            new_text: z.string().describe('What stands there afterwards'),
          }),
        )
        .min(1)
        .max(100),
    }),
    effect: 'once',
    annotations: writing('Edit file', true, false),
    async execute(args, context) {
      const workspace = await files.open(context)
      return await turns(workspace.root, async () => {
        const source = await readEditable(workspace, args.path)
        const edited = applyEdits(source.text, args.edits)
        if ('fault' in edited) return errorResult(edited.fault)
        const { callId } = context
        const { text: content, lines } = edited
        const change = { content, callId, expected: source.stats }
        const shown = await replaceIn(files, workspace, args.path, change)
        return textResult(`${shown} was edited at ${describeLines(lines)}.`)
      })
    },
  })
}

function createDirectory(files: FilesystemSettings): Tool {
  return defineTool({
    name: 'create_directory',
    description: 'Makes a directory, with those above it. One that exists already is fine.',
    input: z.strictObject({ path }),
    effect: 'idempotent',
    annotations: writing('Create directory', false, true),
    async execute(args, context) {
      const workspace = await files.open(context)
      const { directory, name, ...place } = await openForWriting(files, workspace, args.path, true)
      const shown = workspace.show(place.path)
      try {
        await mkdir(directory.at(name))
        return textResult(`The directory ${shown} was created.`)
      } catch (error) {
        const isThere = codeOf(error) === 'EEXIST' && (await isDirectory(directory.at(name)))
        if (!isThere) throw explained(error, shown)
        return textResult(`The directory ${shown} exists already.`)
      } finally {
        await directory.close()
      }
    },
  })
}

function removeDirectory(files: FilesystemSettings): Tool {
  return defineTool({
    name: 'remove_directory',
    description: 'Removes a directory. One that is not empty is removed only with recursive.',
    input: z.strictObject({
      path,
      recursive: z.boolean().optional().describe('With everything in it; cannot be undone'),
    }),
    effect: 'once',
    annotations: writing('Remove directory', true, false),
    async execute(args, context) {
      const workspace = await files.open(context)
      const { directory, name, ...place } = await openForWriting(files, workspace, args.path, false)
      const shown = workspace.show(place.path)
      try {
        if (!(await isDirectory(directory.at(name)))) {
          throw new WorkspaceError(`${shown} is not a directory.`)
        }
        if (args.recursive)
          await emptyDirectory(directory, name, { left: mostRemoved }, context.signal)
        await rmdir(directory.at(name))
        return textResult(`The directory ${shown} was removed.`)
      } catch (error) {
        if (codeOf(error) === 'ENOTEMPTY') {
          return errorResult(
            `${shown} is not empty; with recursive: true it goes with its contents.`,
          )
        }
        throw explained(error, shown)
      } finally {
        await directory.close()
      }
    },
  })
}

async function replaceIn(
  files: FilesystemSettings,
  workspace: Workspace,
  target: string,
  change: { content: string; callId: string; expected: Stats },
): Promise<string> {
  const { directory, name, ...place } = await openForWriting(files, workspace, target, false)
  const shown = workspace.show(place.path)
  try {
    await replaceFile({ directory, name, shown, ...change })
    return shown
  } finally {
    await directory.close()
  }
}

async function openForWriting(
  files: FilesystemSettings,
  workspace: Workspace,
  target: string,
  create: boolean,
) {
  return await workspace.openParent(target, { create, refuse: refusalOf(files) })
}

/** Hooks and settings in there run as programs the next time somebody uses git. */
function refusalOf({ ignoreVcs }: FilesystemSettings) {
  return (names: string[]) =>
    ignoreVcs && names.some((name) => name.toLowerCase() === '.git')
      ? 'What is in .git belongs to version control and is not written.'
      : null
}

async function readEditable(
  workspace: Workspace,
  target: string,
): Promise<{ text: string; stats: Stats }> {
  const { handle, path: found } = await workspace.openFile(target)
  const shown = workspace.show(found)
  try {
    const stats = await handle.stat()
    if (stats.size > largestEditedFile) {
      throw new WorkspaceError(`${shown} is larger than 10 MiB and cannot be edited.`)
    }
    const content = await handle.readFile()
    if (encodingOf(content) !== 'utf-8') throw new WorkspaceError(`${shown} is not UTF-8 text.`)
    return { text: decodeExactly(content, shown), stats }
  } finally {
    await handle.close()
  }
}

/** Fails on what could not be written back as it was. */
function decodeExactly(content: Uint8Array, shown: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch (cause) {
    throw new WorkspaceError(`${shown} is not valid UTF-8; editing it would damage it.`, { cause })
  }
}

function describeLines(lines: number[]): string {
  return lines.length === 1 ? `line ${lines[0]}` : `lines ${lines.join(', ')}`
}

async function isDirectory(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

async function emptyDirectory(
  parent: Directory,
  name: string,
  budget: { left: number },
  signal: AbortSignal,
): Promise<void> {
  const directory = await parent.enter(name)
  try {
    const { entries } = await directory.list(mostRemoved)
    for (const entry of entries) {
      signal.throwIfAborted()
      budget.left -= 1
      if (budget.left < 0) {
        throw new WorkspaceError(
          `More than ${mostRemoved} entries; some were removed. Go on in parts.`,
        )
      }
      if (entry.isDirectory()) {
        await emptyDirectory(directory, entry.name, budget, signal)
        await rmdir(directory.at(entry.name))
      } else {
        await unlink(directory.at(entry.name))
      }
    }
  } finally {
    await directory.close()
  }
}
