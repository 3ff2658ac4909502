import { readdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/** A process below another; the time of its start tells it from a later one of the same id. */
export type Child = { pid: number; started: string; command: string }

type Process = Child & { parent: number; isOver: boolean }

/** Every process below one, its children's children too. */
export async function childrenOf(pid: number): Promise<Child[]> {
  const all = await readProcesses()
  const found: Process[] = []
  const parents = [pid]
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    const children = all.filter((each) => each.parent === parent && !each.isOver)
    found.push(...children)
    parents.push(...children.map((child) => child.pid))
  }
  return found
}

/** Those that outlive their server by more than a moment. */
export async function orphansAmong(children: readonly Child[]): Promise<Child[]> {
  const until = performance.now() + 1000
  for (;;) {
    const all = await readProcesses()
    const alive = children.filter((child) =>
      all.some(({ pid, started, isOver }) => {
        return pid === child.pid && started === child.started && !isOver
      }),
    )
    if (alive.length === 0 || performance.now() > until) return alive
    await setTimeout(50)
  }
}

async function readProcesses(): Promise<Process[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(ids.map((id) => readProcess(Number(id)).catch(() => undefined)))
  return all.flatMap((each) => each ?? [])
}

/** Throws when it ends meanwhile. */
async function readProcess(pid: number): Promise<Process> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  // The name of the program, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim()
  return {
    pid,
    parent: Number(fields[1]),
    started: fields[19] ?? '',
    command,
    // Nobody has asked how it ended yet.
    isOver: fields[0] === 'Z',
  }
}
