import { fileURLToPath } from 'node:url'

/** The parts of V8's CPU profile that are read here; times are microseconds, monotonic. */
export type CpuProfile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  startTime: number
  samples: number[]
  timeDeltas: number[]
}

/** Milliseconds that a function or a file was itself running. */
export type SelfTime = { name: string; time: number }

/** Sums the samples taken between two times of the monotonic clock, in milliseconds. */
export function selfTimes(
  profile: CpuProfile,
  { from, to }: { from: number; to: number },
): { functions: SelfTime[]; files: SelfTime[]; busy: number; idle: number } {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const functions = new Map<string, number>()
  const files = new Map<string, number>()
  let busy = 0
  let idle = 0
  let time = profile.startTime / 1000
  profile.samples.forEach((id, index) => {
    const delta = (profile.timeDeltas[index] ?? 0) / 1000
    time += delta
    const frame = frames.get(id)
    if (!frame || time < from || time > to) return
    if (frame.functionName === '(idle)') {
      idle += delta
      return
    }
    busy += delta
    const file = toFile(frame.url)
    const place = frame.url === '' ? file : `${file}:${frame.lineNumber + 1}`
    const name = frame.functionName === '' ? '(anonymous)' : frame.functionName
    add(functions, `${name}  ${place}`.trim(), delta)
    add(files, file === '' ? name : file, delta)
  })
  return { functions: sorted(functions), files: sorted(files), busy, idle }
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

function toFile(url: string): string {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path
}

function add(sums: Map<string, number>, name: string, value: number): void {
  sums.set(name, (sums.get(name) ?? 0) + value)
}

function sorted(sums: Map<string, number>): SelfTime[] {
  return [...sums]
    .map(([name, time]) => ({ name, time }))
    .sort((left, right) => right.time - left.time)
}
