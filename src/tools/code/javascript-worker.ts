import { readFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import variant from '@jitl/quickjs-wasmfile-release-sync'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core'
import { runJavascript } from './javascript-call.ts'
import {
  type CodeAnswer,
  type CodeRequest,
  type FunctionAnswer,
  mostComputing,
  SandboxFault,
} from './sandbox.ts'

/** After a first `{ type: 'ready' }`. */
export type WorkerMessage =
  | { type: 'output'; text: string }
  | { type: 'fault'; message: string }
  | { type: 'call'; name: string; arguments: unknown }
  | CodeAnswer

/** What the host gives the worker: where it says, in the first place, that a call is answered. */
export type WorkerData = { answered: Int32Array }

/** Pages of 64 KiB. QuickJS's own limit misses some allocations; this one misses none. */
const memoryPages = { initial: 256, maximum: 1024 }

await serve()

async function serve(): Promise<void> {
  const port = hostPort()
  // On Linux a thread has a priority of its own: the server's comes first.
  if (process.platform === 'linux') setPriority(10)
  const file = new URL(import.meta.resolve('@jitl/quickjs-wasmfile-release-sync/wasm'))
  const wasmModule = new WebAssembly.Module(await readFile(file))
  const post = (message: WorkerMessage) => port.postMessage(message)
  const { answered } = workerData as WorkerData
  /** The code runs in one go, so the thread waits; terminating the worker ends that, too. */
  function ask(name: string, args: unknown): FunctionAnswer {
    Atomics.store(answered, 0, 0)
    post({ type: 'call', name, arguments: args })
    Atomics.wait(answered, 0, 0)
    return (receiveMessageOnPort(port)?.message as FunctionAnswer | undefined) ?? { error: 'lost' }
  }
  port.on('message', (request: CodeRequest) => {
    void answer(request, { wasmModule, post, ask })
  })
  port.postMessage({ type: 'ready' })
}

async function answer(
  request: CodeRequest,
  {
    wasmModule,
    post,
    ask,
  }: {
    wasmModule: WebAssembly.Module
    post: (message: WorkerMessage) => void
    ask: (name: string, args: unknown) => FunctionAnswer
  },
): Promise<void> {
  try {
    const wasmMemory = new WebAssembly.Memory(memoryPages)
    const own = newVariant(toVariant(variant), { wasmModule, wasmMemory })
    const quickjs = await newQuickJSWASMModuleFromVariant(own)
    let deadline = performance.now() + mostComputing * 1000
    post(
      runJavascript(quickjs, request, {
        isLate: () => performance.now() > deadline,
        onOutput: (text) => post({ type: 'output', text }),
        ask(name, args) {
          const asked = performance.now()
          const given = ask(name, args)
          // Waiting is no computing.
          deadline += performance.now() - asked
          return given
        },
      }),
    )
  } catch (error) {
    post({ type: 'fault', message: toldOf(error) })
  }
}

function hostPort(): MessagePort {
  if (!parentPort) throw new Error('javascript-worker.ts runs as a worker')
  return parentPort
}

/** The package's types describe its CommonJS form, where the variant is one level deeper. */
function toVariant(module: unknown): QuickJSSyncVariant {
  return module as QuickJSSyncVariant
}

/** Anything else than a fault means that QuickJS itself broke. */
function toldOf(error: unknown): string {
  if (error instanceof SandboxFault) return error.message
  const reason = error instanceof Error ? error.message.slice(0, 200) : 'unknown'
  return `The code crashed its interpreter and was stopped: ${reason}`
}
