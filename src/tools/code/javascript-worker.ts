import { readFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import variant from '@jitl/quickjs-wasmfile-release-sync'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core'
import { runJavascript } from './javascript-call.ts'
import { type CodeAnswer, type CodeRequest, mostComputing, SandboxFault } from './sandbox.ts'

/** After a first `{ type: 'ready' }`. */
export type WorkerMessage =
  | { type: 'output'; text: string }
  | { type: 'fault'; message: string }
  | CodeAnswer

/** Pages of 64 KiB. QuickJS's own limit misses some allocations; this one misses none. */
const memoryPages = { initial: 256, maximum: 1024 }

await serve()

async function serve(): Promise<void> {
  const port = parentPort
  if (!port) throw new Error('javascript-worker.ts runs as a worker')
  // On Linux a thread has a priority of its own: the server's comes first.
  if (process.platform === 'linux') setPriority(10)
  const file = new URL(import.meta.resolve('@jitl/quickjs-wasmfile-release-sync/wasm'))
  const wasmModule = new WebAssembly.Module(await readFile(file))
  const post = (message: WorkerMessage) => port.postMessage(message)
  port.on('message', (request: CodeRequest) => {
    void answer(request, wasmModule, post)
  })
  port.postMessage({ type: 'ready' })
}

async function answer(
  request: CodeRequest,
  wasmModule: WebAssembly.Module,
  post: (message: WorkerMessage) => void,
): Promise<void> {
  try {
    const wasmMemory = new WebAssembly.Memory(memoryPages)
    const own = newVariant(toVariant(variant), { wasmModule, wasmMemory })
    const quickjs = await newQuickJSWASMModuleFromVariant(own)
    const deadline = performance.now() + mostComputing * 1000
    post(
      runJavascript(quickjs, request, {
        isLate: () => performance.now() > deadline,
        onOutput: (text) => post({ type: 'output', text }),
      }),
    )
  } catch (error) {
    post({ type: 'fault', message: toldOf(error) })
  }
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
