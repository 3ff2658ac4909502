import { readdir, readFile } from 'node:fs/promises'

/** The variable by which everything that a command began is known, wherever it went since. */
export const markVariable = 'PARLEY_COMMAND'

/**
 * Kills every process with this mark, also one that made a session of its own or whose parent has
 * ended. Found through /proc, so only on Linux, and only what kept the variable in its environment.
 */
export async function killMarked(mark: string): Promise<void> {
  for (let round = 0; round < mostRounds; round += 1) {
    const found = await findMarked(mark)
    for (const pid of found) kill(pid)
    if (found.length === 0) return
  }
}

/** What forks while it is looked for is found the next time. */
const mostRounds = 20

async function findMarked(mark: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const marked = await Promise.all(pids.map((pid) => hasMark(pid, mark)))
  return pids.filter((_, index) => marked[index])
}

async function hasMark(pid: number, mark: string): Promise<boolean> {
  // Those of other users cannot be read, and are not of ours.
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  return environment.split('\0').includes(`${markVariable}=${mark}`)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
