/** The load client in a process of its own; the bench tells it what to do over the IPC channel. */
import { createClock } from './clock.ts'
import type { LoadCommand } from './load-commands.ts'
import { createLoadWork } from './load-work.ts'
import { exitWithParent } from './process-entry.ts'

export type LoadRequest = { id: number; command: LoadCommand; request: unknown }
export type LoadReply = { id: number; result?: unknown; error?: string }

function main(): void {
  exitWithParent()
  const work: Record<string, (request: never) => Promise<unknown>> = createLoadWork(createClock())
  process.on('message', async ({ id, command, request }: LoadRequest) => {
    const reply = await answer(work[command], request).then(
      (result): LoadReply => ({ id, result }),
      (error: unknown): LoadReply => ({ id, error: String(error) }),
    )
    process.send?.(reply)
  })
  process.send?.({ type: 'ready', url: '' })
}

async function answer(
  work: ((request: never) => Promise<unknown>) | undefined,
  request: unknown,
): Promise<unknown> {
  if (!work) throw new Error('The load process does not know this command')
  return work(request as never)
}

main()
