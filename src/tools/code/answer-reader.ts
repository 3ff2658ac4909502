import { StringDecoder } from 'node:string_decoder'
import { type CodeAnswer, mostOutput, mostResult, SandboxFault } from './sandbox.ts'

export type AnswerReader = {
  /** Takes the next bytes; throws a `SandboxFault` for what no honest answer holds. */
  push(chunk: Buffer): void
  /** The answer, once the line that ends it is there; `number` is what that line must say. */
  answerUntil(number: string): CodeAnswer | undefined
}

/**
 * Reads one answer of `supervisor.py`: lines of a word and JSON, then a line with a number. The code
 * can write here whatever it likes, so nothing is kept beyond the limits.
 */
export function createAnswerReader(onOutput: (text: string) => void): AnswerReader {
  const decoder = new StringDecoder('utf8')
  let bytes = 0
  let parts: string[] = []
  let outputs = 0
  let printed = 0
  let answer: CodeAnswer | undefined
  let end: string | undefined

  function readLine(line: string) {
    if (end !== undefined) throw forged()
    if (endPattern.test(line)) {
      end = line
      return
    }
    const space = line.indexOf(' ')
    const body = line.slice(space + 1)
    switch (line.slice(0, space)) {
      case 'output':
        return readOutput(readText(body))
      case 'result':
        return take({ type: 'result', json: body })
      case 'error':
        return take({ type: 'error', message: readText(body) })
      default:
        throw forged()
    }
  }

  function readOutput(text: string) {
    outputs += 1
    printed += text.length
    if (outputs > mostOutputs || printed > mostOutput + outputSlack) throw tooMuch()
    onOutput(text)
  }

  function take(given: CodeAnswer) {
    if (answer) throw forged()
    answer = given
  }

  return {
    push(chunk) {
      bytes += chunk.length
      if (bytes > mostBytes) throw tooMuch()
      const [first = '', ...rest] = decoder.write(chunk).split('\n')
      parts.push(first)
      for (const next of rest) {
        const line = parts.join('')
        parts = [next]
        readLine(line)
      }
    },
    answerUntil(number) {
      if (end === undefined) return undefined
      const isWhole = end === number && parts.every((part) => part === '')
      if (!isWhole || !answer) throw forged()
      return answer
    },
  }
}

const endPattern = /^[0-9a-f]{32}$/
const mostOutputs = 1000
/** The note that the output was cut. */
const outputSlack = 100
/** Output can be six times as long when it is escaped. */
const mostBytes = mostResult + 8 * mostOutput

function readText(json: string): string {
  try {
    const text: unknown = JSON.parse(json)
    if (typeof text === 'string') return text
  } catch {}
  throw forged()
}

function tooMuch(): SandboxFault {
  return new SandboxFault('The code wrote more than it may and was stopped; print and return less.')
}

function forged(): SandboxFault {
  return new SandboxFault(
    'The code did not end as it should, or wrote to the pipe that carries its answer, and was stopped; return the result from execute(args).',
  )
}
