import { stat } from 'node:fs/promises'

/** What some files look like from outside; another text means that one has changed. */
export type Signature = {
  text: string
  /** Nothing was written just now: an equal signature means equal files. */
  settled: boolean
}

/** Two writes within this many milliseconds may leave the same time and size behind. */
const settlingTime = 100

export async function readSignature(paths: readonly string[], now: number): Promise<Signature> {
  const files = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)))
  return {
    text: files
      .map((file) => (file ? `${file.ino} ${file.size} ${file.mtimeMs}` : 'absent'))
      .join('\n'),
    settled: files.every((file) => !file || Math.abs(now - file.mtimeMs) > settlingTime),
  }
}
