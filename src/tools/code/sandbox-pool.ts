import type { CodeAnswer, CodeCall, CodeRequest, Sandbox } from './sandbox.ts'
import { createSlots } from './slots.ts'

export type SandboxPool = {
  /** `group` shares at most half of the pool: one session cannot hold up the others. */
  run(request: CodeRequest, call: CodeCall & { group: string }): Promise<CodeAnswer>
  close(): Promise<void>
}

/** Sandboxes that stay warm between calls; one that was broken or aborted is thrown away. */
export function createSandboxPool({
  start,
  size,
  idleLimit = 300_000,
}: {
  start(): Promise<Sandbox>
  size: number
  /** Milliseconds after which an unused sandbox is closed. */
  idleLimit?: number
}): SandboxPool {
  const slots = createSlots({ size, groupSize: Math.max(1, Math.floor(size / 2)) })
  const idle = new Map<Sandbox, NodeJS.Timeout>()
  const busy = new Set<Sandbox>()
  let isClosed = false

  async function take(): Promise<Sandbox> {
    const sandbox = (await takeWarm()) ?? (await start())
    busy.add(sandbox)
    if (!isClosed) return sandbox
    await discard(sandbox)
    throw new Error('The server is stopping.')
  }

  /** The one that was used last; what ended meanwhile is cleared away. */
  async function takeWarm(): Promise<Sandbox | undefined> {
    for (let last = [...idle].at(-1); last; last = [...idle].at(-1)) {
      const [sandbox, timer] = last
      clearTimeout(timer)
      idle.delete(sandbox)
      if (!sandbox.isLost()) return sandbox
      await sandbox.close()
    }
    return undefined
  }

  async function keep(sandbox: Sandbox): Promise<void> {
    busy.delete(sandbox)
    if (isClosed) return await sandbox.close()
    const timer = setTimeout(() => {
      idle.delete(sandbox)
      void sandbox.close()
    }, idleLimit)
    idle.set(sandbox, timer.unref())
  }

  async function discard(sandbox: Sandbox): Promise<void> {
    busy.delete(sandbox)
    await sandbox.close()
  }

  return {
    async run(request, { group, ...call }) {
      const release = await slots.take(group, call.signal)
      try {
        const sandbox = await take()
        try {
          const answer = await sandbox.run(request, call)
          await keep(sandbox)
          return answer
        } catch (error) {
          await discard(sandbox)
          throw error
        }
      } finally {
        release()
      }
    },
    async close() {
      isClosed = true
      const all = [...idle.keys(), ...busy]
      for (const timer of idle.values()) clearTimeout(timer)
      idle.clear()
      await Promise.all(all.map((sandbox) => sandbox.close()))
    },
  }
}
