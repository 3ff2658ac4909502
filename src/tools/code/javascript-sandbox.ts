import { Worker } from 'node:worker_threads'
import type { WorkerData, WorkerMessage } from './javascript-worker.ts'
import {
  type CodeAnswer,
  type CodeCall,
  type FunctionAnswer,
  type Sandbox,
  SandboxFault,
} from './sandbox.ts'

/**
 * Starts a worker in which QuickJS runs: a WebAssembly of its own for each call, with a capped
 * memory, and nothing of the host but a place to print to. Throws an Error that says why it cannot
 * be had.
 */
export async function startJavascriptSandbox(): Promise<Sandbox> {
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const workerData: WorkerData = { answered }
  const worker = new Worker(new URL('./javascript-worker.ts', import.meta.url), {
    name: 'javascript-tools',
    env: {},
    argv: [],
    workerData,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
  })
  let isLost = false
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve())
      // What happens between calls shows at the next one.
      worker.on('error', reject)
      worker.once('exit', (code) => {
        isLost = true
        reject(new Error(`it ended with ${code}`))
      })
    })
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return {
    run: (request, call) => runCall({ worker, answered }, request, call),
    isLost: () => isLost,
    close: async () => void (await worker.terminate()),
  }
}

function runCall(
  { worker, answered }: { worker: Worker; answered: Int32Array },
  request: unknown,
  call: CodeCall,
): Promise<CodeAnswer> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: WorkerMessage) => {
      if (message.type === 'output') return call.onOutput(message.text)
      if (message.type === 'call') return void answerCall(message)
      if (message.type === 'fault') {
        return settle(() => reject(new SandboxFault(message.message)))
      }
      settle(() => resolve(message))
    }
    const onLost = () => settle(() => reject(lost()))
    const onAbort = () => settle(() => reject(call.signal.reason))

    async function answerCall({ name, arguments: args }: { name: string; arguments: unknown }) {
      const given = await callFunction(call, name, args)
      worker.postMessage(given)
      Atomics.store(answered, 0, 1)
      Atomics.notify(answered, 0)
    }

    function settle(action: () => void) {
      worker.off('message', onMessage)
      worker.off('error', onLost)
      worker.off('exit', onLost)
      call.signal.removeEventListener('abort', onAbort)
      action()
    }

    if (call.signal.aborted) return onAbort()
    worker.on('message', onMessage)
    worker.once('error', onLost)
    worker.once('exit', onLost)
    call.signal.addEventListener('abort', onAbort, { once: true })
    worker.postMessage(request)
  })
}

async function callFunction(
  { onCall }: CodeCall,
  name: string,
  args: unknown,
): Promise<FunctionAnswer> {
  if (!onCall) return { error: `there is no function ${name}` }
  return onCall(name, args).catch((error: unknown) => ({
    error: error instanceof Error ? error.message : String(error),
  }))
}

function lost(): SandboxFault {
  return new SandboxFault('The code used more memory than it may, or crashed, and was stopped.')
}
