import type { CommandEnvironment } from './command-environment.ts'
import { startSafely } from './command-tool.ts'
import { createOutputBuffer, type OutputBuffer } from './output-buffer.ts'
import { createRedactor } from './redactor.ts'
import type { CommandEnd, RunningCommand } from './run-command.ts'

export type Job = {
  id: string
  command: string
  /** Milliseconds since the epoch. */
  startedAt: number
  output: OutputBuffer
  /** null while it runs. */
  end: CommandEnd | null
}

/** Whose jobs: those of one session. */
export type JobOwner = { tenant: string; sessionId: string }

/** Commands that run on beside the conversation, in this process; gone with it. */
export type BackgroundJobs = {
  /** Throws an Error when the session has as many as it may have. */
  start(
    owner: JobOwner,
    command: { command: string; directory: string; environment: CommandEnvironment },
  ): Job
  /** Oldest first; the latest of those that have ended too. */
  list(owner: JobOwner): Job[]
  get(owner: JobOwner, id: string): Job | undefined
  /** Resolves when it has ended. */
  stop(owner: JobOwner, id: string): Promise<void>
  /** Ends all. */
  close(): Promise<void>
}

const mostRunning = 10
/** Jobs that have ended, of one session and of all. */
const mostEnded = 20
const mostEndedInAll = 500
/** Characters of a job's output. */
const kept = { head: 4_000, tail: 28_000 }

export function createBackgroundJobs({ now }: { now: () => number }): BackgroundJobs {
  const jobs = new Map<string, OwnedJob[]>()
  const counts = new Map<string, number>()
  let closed = false

  function jobsOf(owner: JobOwner): OwnedJob[] {
    return jobs.get(keyOf(owner)) ?? []
  }

  function find(owner: JobOwner, id: string): OwnedJob | undefined {
    return jobsOf(owner).find((job) => job.id === id)
  }

  function add(owner: JobOwner, job: OwnedJob): void {
    jobs.set(keyOf(owner), [...withoutOld(jobsOf(owner)), job])
    const ended = [...jobs.values()].flat().filter((each) => each.end !== null)
    if (ended.length > mostEndedInAll)
      forget(ended.toSorted((a, b) => a.startedAt - b.startedAt)[0])
  }

  function forget(job: OwnedJob | undefined): void {
    for (const [key, list] of jobs) {
      const left = list.filter((each) => each !== job)
      if (left.length > 0) jobs.set(key, left)
      else {
        jobs.delete(key)
        counts.delete(key)
      }
    }
  }

  return {
    start(owner, { command, directory, environment }) {
      if (closed) throw new Error('The server is stopping; nothing is started any more.')
      const running = jobsOf(owner).filter((job) => job.end === null)
      if (running.length >= mostRunning) {
        throw new Error(
          `${mostRunning} jobs are running already; stop one with stop_background_job first.`,
        )
      }
      const number = (counts.get(keyOf(owner)) ?? 0) + 1
      const job = startJob(
        { id: `job_${number}`, command, startedAt: now() },
        directory,
        environment,
      )
      counts.set(keyOf(owner), number)
      add(owner, job)
      return job
    },
    list: jobsOf,
    get: find,
    async stop(owner, id) {
      const job = find(owner, id)
      job?.running.stop()
      await job?.done
    },
    async close() {
      closed = true
      const all = [...jobs.values()].flat()
      for (const job of all) job.running.stop()
      await Promise.all(all.map((job) => job.done))
    },
  }
}

type OwnedJob = Job & {
  running: RunningCommand
  done: Promise<void>
}

function startJob(
  about: Pick<Job, 'id' | 'command' | 'startedAt'>,
  directory: string,
  { variables, secrets }: CommandEnvironment,
): OwnedJob {
  const output = createOutputBuffer(kept)
  const redactors = { stdout: createRedactor(secrets), stderr: createRedactor(secrets) }
  const running = startSafely({
    command: about.command,
    directory,
    environment: variables,
    onOutput: (text, stream) => output.append(redactors[stream].push(text)),
  })
  const job: OwnedJob = { ...about, output, end: null, running, done: Promise.resolve() }
  job.done = running.ended.then(
    (end) => {
      for (const redactor of Object.values(redactors)) output.append(redactor.end())
      job.end = end
    },
    (error: unknown) => {
      output.append(error instanceof Error ? error.message : String(error))
      job.end = { exitCode: null, signal: null }
    },
  )
  return job
}

function withoutOld(jobs: OwnedJob[]): OwnedJob[] {
  const ended = jobs.filter((job) => job.end !== null)
  const old = new Set(ended.slice(0, Math.max(0, ended.length - mostEnded + 1)))
  return jobs.filter((job) => !old.has(job))
}

function keyOf({ tenant, sessionId }: JobOwner): string {
  return `${tenant} ${sessionId}`
}
