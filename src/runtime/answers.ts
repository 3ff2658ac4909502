import type { ElicitationAnswer } from './tool.ts'

/** How often an answer that may come over another instance is looked for, in milliseconds. */
const lookEvery = 1000

/** Questions that calls of this process hold open. */
export function createAnswers({
  read,
}: {
  /** null while there is no answer. */
  read(elicitationId: string): Promise<ElicitationAnswer | null>
}): {
  wait(elicitationId: string, signal: AbortSignal): Promise<ElicitationAnswer>
  /** Somebody answered over this instance. */
  answered(elicitationId: string): void
} {
  const waiting = new Map<string, () => void>()

  async function wait(elicitationId: string, signal: AbortSignal): Promise<ElicitationAnswer> {
    while (!signal.aborted) {
      const answer = await read(elicitationId).catch(() => null)
      if (answer) return answer
      await pause(elicitationId, signal)
    }
    return { action: 'cancel', content: null }
  }

  function pause(elicitationId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, lookEvery)
      signal.addEventListener('abort', done)
      waiting.set(elicitationId, done)
      function done() {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        waiting.delete(elicitationId)
        resolve()
      }
    })
  }

  return { wait, answered: (elicitationId) => waiting.get(elicitationId)?.() }
}
