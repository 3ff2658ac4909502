import type {
  QuickJSContext,
  QuickJSHandle,
  QuickJSRuntime,
  QuickJSWASMModule,
} from 'quickjs-emscripten-core'
import { javascriptPrelude } from './javascript-prelude.ts'
import { createPrinter, type Printer } from './printer.ts'
import {
  type CodeAnswer,
  type CodeRequest,
  type FunctionAnswer,
  mostComputing,
  mostError,
  mostOutput,
  mostResult,
  SandboxFault,
} from './sandbox.ts'

/**
 * Evaluates a module in an interpreter that is made for this call and calls its `execute`. Throws
 * when the interpreter broke. Nothing is freed one by one: the caller drops all of it.
 */
export function runJavascript(
  quickjs: QuickJSWASMModule,
  request: CodeRequest,
  {
    isLate,
    onOutput,
    ask,
  }: {
    isLate(): boolean
    onOutput(text: string): void
    /** Calls a function of the host; does not return before it is answered. */
    ask(name: string, args: unknown): FunctionAnswer
  },
): CodeAnswer {
  const runtime = quickjs.newRuntime()
  runtime.setMemoryLimit(memoryLimit)
  runtime.setMaxStackSize(stackLimit)
  runtime.setInterruptHandler(isLate)
  const context = runtime.newContext()
  const printer = createPrinter(onOutput)
  const own = loadPrelude(context, printer)
  if (request.functions) installFunctions(request.functions)

  const answer = evaluate()
  printer.flush()
  return answer

  function installFunctions(functions: string[]): void {
    const called = context.newFunction('ask', (nameHandle, textHandle) => {
      const name = readString(context, nameHandle, longestName)
      const text = readString(context, textHandle, mostResult)
      return context.newString(JSON.stringify(answerTo(name, text)))
    })
    const names = context.newString(JSON.stringify(functions))
    context.unwrapResult(context.callFunction(own.install, context.undefined, names, called))
  }

  function answerTo(name: string | undefined, text: string | undefined): FunctionAnswer {
    if (text === undefined) return { error: 'The arguments are too long, or no JSON.' }
    // The names are the request's own: the prelude took them before the code ran.
    return ask(name ?? '', JSON.parse(text))
  }

  function evaluate(): CodeAnswer {
    const loaded = settle(context.evalCode(request.code, 'tool.js', { type: 'module' }))
    if ('answer' in loaded) return loaded.answer
    const execute = context.getProp(loaded.value, 'execute')
    if (context.typeof(execute) !== 'function') {
      return failed(
        'The code exports no function execute; write export function execute(args) { … }',
      )
    }
    if (!request.arguments) return { type: 'result', json: 'null' }
    const text = context.newString(JSON.stringify(request.arguments))
    const called = settle(context.callFunction(own.call, context.undefined, execute, text))
    if ('answer' in called) return called.answer
    const encoded = settle(context.callFunction(own.encode, context.undefined, called.value))
    if ('answer' in encoded) return encoded.answer
    const json = readString(context, encoded.value, mostResult)
    return json === undefined
      ? failed(`The result has more than ${mostResult} characters of JSON; return less.`)
      : { type: 'result', json }
  }

  type Outcome = { value: QuickJSHandle } | { answer: CodeAnswer }

  /** The value, after the promise that it may be; or the answer that tells its failure. */
  function settle(result: ReturnType<QuickJSContext['evalCode']>): Outcome {
    if (result.error) return { answer: describe(result.error) }
    if (context.typeof(result.value) !== 'object') return { value: result.value }
    runJobs(runtime, isLate)
    const state = context.getPromiseState(result.value)
    switch (state.type) {
      case 'fulfilled':
        return { value: state.value }
      case 'rejected':
        return { answer: describe(state.error) }
      case 'pending':
        return {
          answer: isLate()
            ? late()
            : failed(
                'The promise is never settled: there are no timers and no network to wait for.',
              ),
        }
    }
  }

  function describe(error: QuickJSHandle): CodeAnswer {
    if (isLate()) return late()
    const told = context.callFunction(own.describe, context.undefined, error)
    const text = told.error ? undefined : readText(context, told.value, 4 * mostError)
    return failed(text ? shorten(text) : 'The code failed with an error that cannot be shown.')
  }
}

const memoryLimit = 48 * 1024 * 1024
/** Escaped, a character takes at most six. */
const longestLine = 7 * mostOutput
const stackLimit = 256 * 1024
const longestName = 256
/** Of an error with its stack. */
const mostLines = 24

type Prelude = {
  install: QuickJSHandle
  call: QuickJSHandle
  encode: QuickJSHandle
  describe: QuickJSHandle
}

function loadPrelude(context: QuickJSContext, printer: Printer): Prelude {
  const printed = context.newFunction('print', (text) => {
    const hasRoom = printer.print(readText(context, text, longestLine) ?? '')
    return hasRoom ? context.true : context.false
  })
  const load = context.unwrapResult(context.evalCode(javascriptPrelude, 'prelude.js'))
  const own = context.unwrapResult(context.callFunction(load, context.undefined, printed))
  return {
    install: context.getProp(own, 'install'),
    call: context.getProp(own, 'call'),
    encode: context.getProp(own, 'encode'),
    describe: context.getProp(own, 'describe'),
  }
}

/** A chain of promises can go on for ever, so it is run in pieces. */
function runJobs(runtime: QuickJSRuntime, isLate: () => boolean): void {
  while (runtime.hasPendingJob() && !isLate()) runtime.executePendingJobs(100)
}

/** The length is asked first: the code decides how long its strings are. */
function readString(
  context: QuickJSContext,
  handle: QuickJSHandle,
  most: number,
): string | undefined {
  if (context.typeof(handle) !== 'string') return undefined
  const length = context.getNumber(context.getProp(handle, 'length'))
  return length > most ? undefined : context.getString(handle)
}

/** A string that the prelude gave as JSON. */
function readText(
  context: QuickJSContext,
  handle: QuickJSHandle,
  most: number,
): string | undefined {
  const json = readString(context, handle, most)
  const text: unknown = json === undefined ? undefined : JSON.parse(json)
  return typeof text === 'string' ? text : undefined
}

function shorten(text: string): string {
  return text.slice(0, mostError).split('\n').slice(0, mostLines).join('\n').trimEnd()
}

function failed(message: string): CodeAnswer {
  return { type: 'error', message }
}

function late(): never {
  throw new SandboxFault(`The code computed for more than ${mostComputing} s and was stopped.`)
}
