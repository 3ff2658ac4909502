import { noObserver, type RunObserver } from '#runtime/observer.ts'
import type { Instruments } from './instruments.ts'

const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 1800]
const firstTokenSeconds = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30]
const commitSeconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const batchRows = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/** Counts what runs do: how they end, what models and tools take, how the log is committed. */
export function createRunMetrics(instruments: Instruments): RunObserver {
  const runs = createRunInstruments(instruments)
  const models = createModelInstruments(instruments)
  const tools = createToolInstruments(instruments)
  const log = createLogInstruments(instruments)
  return {
    ...noObserver,
    begun: () => runs.started.add(1),
    async run({ depth }, work) {
      const began = performance.now()
      const outcome = await work()
      // A sub-agent's run is part of the one that asked for it.
      if (depth > 0) return outcome
      runs.active.observe(since(began))
      if (outcome.type === 'parked') runs.parked.add(1, outcome.waitingFor.kind)
      else runs.finished.add(1, outcome.reason, outcome.error ?? '')
      return outcome
    },
    async model({ model }, work) {
      const began = performance.now()
      try {
        const answer = await work(() => models.firstToken.observe(since(began), model))
        models.calls.add(1, model, answer.finishReason)
        models.count(model, answer.priced)
        return answer
      } catch (error) {
        models.calls.add(1, model, codeOf(error))
        throw error
      } finally {
        models.duration.observe(since(began), model)
      }
    },
    async tool({ name }, work) {
      const began = performance.now()
      const ended = await work()
      if (!ended.end) return ended
      tools.calls.add(1, name, ended.end.state)
      tools.duration.observe(since(began), name)
      return ended
    },
    committed({ milliseconds, rows }) {
      log.duration.observe(milliseconds / 1000)
      log.rows.observe(rows)
      log.events.add(rows)
    },
    tookOver: () => runs.takenOver.add(1),
    lost: (reason) => runs.lost.add(1, reason),
  }
}

function createRunInstruments({ counter, histogram }: Instruments) {
  return {
    started: counter({
      name: 'parley_runs_started_total',
      help: 'Runs that began, sub-agents not counted.',
    }),
    finished: counter({
      name: 'parley_runs_finished_total',
      help: 'Runs that ended here, by how; error is the code of one that failed.',
      labels: ['outcome', 'error'],
    }),
    parked: counter({
      name: 'parley_runs_parked_total',
      help: 'Times that a run began to wait for somebody, by what for.',
      labels: ['reason'],
    }),
    active: histogram({
      name: 'parley_run_active_seconds',
      help: 'How long this process worked on a run until it ended or parked.',
      buckets: seconds,
    }),
    takenOver: counter({
      name: 'parley_runs_taken_over_total',
      help: 'Runs of another process that stopped without letting go of them.',
    }),
    lost: counter({
      name: 'parley_run_leases_lost_total',
      help: 'Runs that this process had to let go of.',
      labels: ['reason'],
    }),
  }
}

function createModelInstruments({ counter, histogram }: Instruments) {
  const tokens = counter({
    name: 'parley_model_tokens_total',
    help: 'Tokens as models counted them; cached_input is part of input, reasoning of output.',
    labels: ['model', 'type'],
  })
  const cost = counter({
    name: 'parley_model_cost_dollars_total',
    help: 'What answers cost, where the price is known.',
    labels: ['model'],
  })
  return {
    calls: counter({
      name: 'parley_model_calls_total',
      help: 'Model calls by how they ended: the finish reason, or the code of the failure.',
      labels: ['model', 'outcome'],
    }),
    firstToken: histogram({
      name: 'parley_model_first_token_seconds',
      help: 'From a model call to the first piece of its answer.',
      labels: ['model'],
      buckets: firstTokenSeconds,
    }),
    duration: histogram({
      name: 'parley_model_call_seconds',
      help: 'How long model calls take, those that fail included.',
      labels: ['model'],
      buckets: seconds,
    }),
    count(
      model: string,
      usage: {
        input_tokens: number
        output_tokens: number
        cached_input_tokens: number
        reasoning_tokens: number
        cost: number | null
      },
    ) {
      tokens.add(usage.input_tokens, model, 'input')
      tokens.add(usage.output_tokens, model, 'output')
      tokens.add(usage.cached_input_tokens, model, 'cached_input')
      tokens.add(usage.reasoning_tokens, model, 'reasoning')
      if (usage.cost !== null) cost.add(usage.cost, model)
    },
  }
}

function createToolInstruments({ counter, histogram }: Instruments) {
  return {
    calls: counter({
      name: 'parley_tool_calls_total',
      help: 'Tool calls that ran here, by how they ended.',
      labels: ['tool', 'outcome'],
    }),
    duration: histogram({
      name: 'parley_tool_call_seconds',
      help: 'How long tool calls take.',
      labels: ['tool'],
      buckets: seconds,
    }),
  }
}

function createLogInstruments({ counter, histogram }: Instruments) {
  return {
    duration: histogram({
      name: 'parley_event_commit_seconds',
      help: 'How long a commit of events takes, tries that failed included.',
      buckets: commitSeconds,
    }),
    rows: histogram({
      name: 'parley_event_commit_rows',
      help: 'Events in one commit.',
      buckets: batchRows,
    }),
    events: counter({
      name: 'parley_events_committed_total',
      help: 'Events that were stored; deltas that were joined count as one.',
    }),
  }
}

function since(began: number): number {
  return (performance.now() - began) / 1000
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  if (error.name === 'RunInterrupted' && 'reason' in error) return String(error.reason)
  return 'code' in error && typeof error.code === 'string' ? error.code : 'error'
}
