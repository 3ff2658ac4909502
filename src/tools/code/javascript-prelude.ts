import { mostOutput } from './sandbox.ts'

/**
 * Runs in the interpreter before the tool's code, which may change every object that it can reach:
 * so what is used later is taken now. Every string leaves as JSON: it may hold U+0000 or half of a
 * character.
 */
export const javascriptPrelude = `(print) => {
  const { parse, stringify } = JSON
  const { String, Error, undefined } = globalThis
  const { apply } = Reflect
  const { slice } = ''
  let hasRoom = true
  function show(value) {
    if (typeof value === 'string') return value
    if (value instanceof Error) return describe(value)
    try {
      return stringify(value) ?? String(value)
    } catch {
      return String(value)
    }
  }
  function describe(error) {
    if (!(error instanceof Error)) return 'Thrown: ' + show(error)
    const stack = error.stack
    return error.name + ': ' + error.message + (stack ? '\\n' + stack : '')
  }
  function log(...values) {
    if (!hasRoom) return
    let line = ''
    for (let index = 0; index < values.length; index++) {
      line += (index > 0 ? ' ' : '') + show(values[index])
    }
    hasRoom = print(stringify(apply(slice, line + '\\n', [0, ${mostOutput}])))
  }
  globalThis.console = { log, info: log, debug: log, warn: log, error: log }
  function install(names, ask) {
    for (const name of parse(names)) {
      globalThis[name] = (args = {}) => {
        const answer = parse(ask(name, stringify(args) ?? 'null'))
        if (answer.error !== undefined) throw new Error(answer.error)
        return answer.output
      }
    }
  }
  return {
    install,
    call: (execute, text) => execute(parse(text)),
    encode: (value) => stringify(value) ?? 'null',
    describe: (error) => stringify(describe(error)),
  }
}`
