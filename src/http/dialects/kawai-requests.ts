import { Problem } from '#contract/problem.ts'

export type ChatRequest = {
  message: string
  session_id: string | null
  max_steps: number | null
  force_provide_answer: boolean
}

/** One thing that is wrong, as its pages show it. */
export type Fault = {
  type: string
  loc: (string | number)[]
  msg: string
  input?: unknown
  ctx?: Record<string, unknown>
}

/** A request that its server would not take, with all that is wrong. */
export class WrongRequest extends Problem {
  readonly faults: Fault[]

  constructor(faults: Fault[]) {
    super('validation_failed', faults.map(({ msg }) => msg).join('; '))
    this.faults = faults
  }
}

type Place = 'body' | 'query'
type Checked<Value> = { value: Value } | { fault: Omit<Fault, 'loc' | 'input'> }

const mostSteps = 1000
const longestId = 200
/** Characters of a wrong value that are told back. */
const mostTold = 200

/** Accepts what its documented clients send: numbers and booleans may be text. */
export function readChat(place: Place, body: unknown): ChatRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from'
    throw new WrongRequest([
      { type: 'model_attributes_type', loc: [place], msg, ...told(body ?? null) },
    ])
  }
  const fields: Record<string, unknown> = { ...body }
  const faults: Fault[] = []
  function take<Value>(name: string, check: (value: unknown) => Checked<Value>): Value | undefined {
    const checked = check(fields[name])
    if ('value' in checked) return checked.value
    faults.push({ ...checked.fault, loc: [place, name], ...told(fields[name] ?? null) })
    return undefined
  }
  const message = take('message', checkMessage)
  const session_id = take('session_id', checkSession)
  const max_steps = take('max_steps', checkSteps)
  const force_provide_answer = take('force_provide_answer', checkForce)
  if (
    message === undefined ||
    session_id === undefined ||
    max_steps === undefined ||
    force_provide_answer === undefined
  ) {
    throw new WrongRequest(faults)
  }
  return { message, session_id, max_steps, force_provide_answer }
}

function checkMessage(value: unknown): Checked<string> {
  if (value === undefined) return { fault: { type: 'missing', msg: 'Field required' } }
  return typeof value === 'string' ? { value } : notText
}

function checkSession(value: unknown): Checked<string | null> {
  if (value === undefined || value === null || value === '') return { value: null }
  if (typeof value !== 'string') return notText
  if (value.length <= longestId) return { value }
  const msg = `String should have at most ${longestId} characters`
  return { fault: { type: 'string_too_long', msg, ctx: { max_length: longestId } } }
}

function checkSteps(value: unknown): Checked<number | null> {
  if (value === undefined || value === null || value === '') return { value: null }
  if (typeof value !== 'number' && typeof value !== 'string') {
    return { fault: { type: 'int_type', msg: 'Input should be a valid integer' } }
  }
  if (!/^\s*[+-]?\d+(\.0*)?\s*$/.test(String(value))) return notWhole(value)
  const steps = Number(value)
  if (steps < 1) return outside('greater_than_equal', 'greater', { ge: 1 })
  if (steps > mostSteps) return outside('less_than_equal', 'less', { le: mostSteps })
  return { value: steps }
}

function notWhole(value: number | string): { fault: Omit<Fault, 'loc' | 'input'> } {
  const why =
    typeof value === 'number'
      ? { type: 'int_from_float', reason: 'got a number with a fractional part' }
      : { type: 'int_parsing', reason: 'unable to parse string as an integer' }
  return { fault: { type: why.type, msg: `Input should be a valid integer, ${why.reason}` } }
}

function outside(type: string, than: string, ctx: Record<string, number>) {
  const [bound] = Object.values(ctx)
  return { fault: { type, msg: `Input should be ${than} than or equal to ${bound}`, ctx } }
}

function checkForce(value: unknown): Checked<boolean> {
  if (value === undefined || value === null) return { value: true }
  const text = String(value).toLowerCase()
  if (['true', 'yes', 'on', '1', 't', 'y'].includes(text)) return { value: true }
  if (['false', 'no', 'off', '0', 'f', 'n'].includes(text)) return { value: false }
  const msg = 'Input should be a valid boolean, unable to interpret input'
  return { fault: { type: 'bool_parsing', msg } }
}

const notText = { fault: { type: 'string_type', msg: 'Input should be a valid string' } }

/** A long value is not told back. */
function told(input: unknown): { input?: unknown } {
  return JSON.stringify(input).length > mostTold ? {} : { input }
}
