import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of CPU that all threads of a process used so far, from the scheduler's own count. */
export function cpuTime(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [ran = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    nanoseconds += Number(ran)
  }
  return nanoseconds / 1e6
}

/** KiB of resident memory, summed over the mappings: exact, unlike the counters of `status`. */
export function residentMemory(pid: number): number {
  const match = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
  if (!match) throw new Error(`No resident memory of process ${pid} in /proc`)
  return Number(match[1])
}
