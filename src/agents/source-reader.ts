import type { AgentSnapshot } from '#runtime/catalog.ts'
import { loadAgent } from './load.ts'
import { problemLine } from './problem.ts'
import type { Signature } from './signature.ts'
import { readSignature } from './signature.ts'
import type { SourceFile } from './sources.ts'

/** What is known about one file. */
export type SourceState = {
  file: SourceFile
  /** The files that the agent is made of, beside its own. */
  dependencies: string[]
  /** The newest version that was right; kept while the file is broken. */
  snapshot?: AgentSnapshot
}

/** A file is broken; called once for each way it is. */
export type OnBroken = (file: SourceFile, lines: string[], state: { served: boolean }) => void

type Entry = SourceState & {
  signature: Signature
  /** What was said about the file. */
  reported?: string
  /** The last look did not find it. */
  missing?: boolean
}

/** What a look at one file found, and what there is to say about it. */
type Reading = { entry: Entry; broken?: string[]; notes?: string[] }

export type SourceReader = {
  /**
   * Reads what has changed among `files`. `patient`: a file that was written a moment ago may be
   * half written, so its faults are held back until it has settled. Tells whether all is settled.
   */
  read(files: SourceFile[], options: { patient: boolean }): Promise<{ settled: boolean }>
  states(): SourceState[]
}

export function createSourceReader({
  environment,
  now,
  onBroken,
  onNote,
}: {
  environment: Record<string, string | undefined>
  now: () => number
  onBroken: OnBroken
  /** A line about a new version that is served. */
  onNote: (line: string) => void
}): SourceReader {
  const entries = new Map<string, Entry>()

  async function readIfChanged(file: SourceFile, patient: boolean): Promise<Reading> {
    const known = entries.get(file.path)
    const before = await readSignature([file.path, ...(known?.dependencies ?? [])], now())
    const isSame = known?.signature.text === before.text && known.signature.settled
    if (known && isSame) return { entry: { ...known, missing: false } }
    const loaded = await loadAgent(file, environment)
    const { dependencies } = loaded
    const isNewList = String(dependencies) !== String(known?.dependencies ?? [])
    // Files that it did not depend on before are not in the signature: the next look reads again.
    const signature = { ...before, settled: before.settled && !isNewList }
    const entry: Entry = { file, dependencies, signature, ...servedBefore(known) }
    if ('snapshot' in loaded) {
      const isOld = known?.snapshot?.version === loaded.snapshot.version
      if (isOld) return { entry }
      const notes = loaded.notes.map((note) => problemLine(file.source, note))
      return { entry: { ...entry, snapshot: loaded.snapshot }, notes }
    }
    const lines = loaded.problems.map((problem) => problemLine(file.source, problem))
    const text = lines.join('\n')
    const isHeldBack = patient && !before.settled
    if (isHeldBack || known?.reported === text)
      return { entry: { ...entry, ...reportedBefore(known) } }
    return { entry: { ...entry, reported: text }, broken: lines }
  }

  /** A save may remove a file for a moment, so a file is gone when two looks did not find it. */
  function forgetMissing(files: SourceFile[]): boolean {
    const present = new Set(files.map((file) => file.path))
    let waiting = false
    for (const [path, entry] of entries) {
      if (present.has(path)) continue
      if (entry.missing) entries.delete(path)
      else {
        entries.set(path, { ...entry, missing: true })
        waiting = true
      }
    }
    return waiting
  }

  return {
    async read(files, { patient }) {
      const readings = await Promise.all(files.map((file) => readIfChanged(file, patient)))
      for (const { entry, broken, notes = [] } of readings) {
        entries.set(entry.file.path, entry)
        for (const note of notes) onNote(note)
        if (broken) onBroken(entry.file, broken, { served: entry.snapshot !== undefined })
      }
      const waiting = forgetMissing(files)
      return {
        settled: !waiting && [...entries.values()].every((entry) => entry.signature.settled),
      }
    },
    states: () => [...entries.values()],
  }
}

function servedBefore(entry: Entry | undefined): { snapshot?: AgentSnapshot } {
  return entry?.snapshot === undefined ? {} : { snapshot: entry.snapshot }
}

function reportedBefore(entry: Entry | undefined): { reported?: string } {
  return entry?.reported === undefined ? {} : { reported: entry.reported }
}
