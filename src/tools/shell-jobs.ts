import { z } from 'zod'
import { errorResult, type Tool, type ToolOutcome, textResult } from '#runtime/tool.ts'
import type { BackgroundJobs, Job, JobOwner } from './background-jobs.ts'
import { describeEnd } from './command-tool.ts'
import { defineTool } from './define-tool.ts'
import type { ShellSettings } from './shell-settings.ts'

/** Tools for commands that run on while the conversation goes on. */
export function createJobTools(settings: ShellSettings, jobs: BackgroundJobs): Tool[] {
  return [runJob(settings, jobs), listJobs(jobs), viewJob(jobs), stopJob(jobs)]
}

const id = z.string().max(100).describe('As list_background_jobs shows it')
const hints = { destructive: false, idempotent: true, open_world: false }

function runJob({ environment, directory }: ShellSettings, jobs: BackgroundJobs): Tool {
  return defineTool({
    name: 'run_background_job',
    description:
      'Starts a command that runs on, such as a server, and returns at once. Jobs end with the server that started them.',
    input: z.strictObject({
      cmd: z.string().min(1).max(100_000).describe('The command line, for /bin/sh'),
      cwd: z.string().max(4000).optional().describe('The directory to run it in'),
    }),
    effect: 'once',
    annotations: {
      title: 'Run a background job',
      read_only: false,
      destructive: true,
      idempotent: false,
      open_world: true,
    },
    async execute({ cmd, cwd }, context) {
      const job = jobs.start(ownerOf(context), {
        command: cmd,
        directory: await directory(context, cwd),
        environment: environment(),
      })
      return textResult(`Started ${job.id}. view_background_job shows its output.`)
    },
  })
}

function listJobs(jobs: BackgroundJobs): Tool {
  return defineTool({
    name: 'list_background_jobs',
    description: 'Shows the background jobs of this conversation and how they are.',
    input: z.strictObject({}),
    effect: 'read',
    annotations: { title: 'List background jobs', read_only: true, ...hints },
    async execute(_, context) {
      const lines = jobs.list(ownerOf(context)).map(describeJob)
      return textResult(lines.length === 0 ? 'There are no background jobs.' : lines.join('\n'))
    },
  })
}

function viewJob(jobs: BackgroundJobs): Tool {
  return defineTool({
    name: 'view_background_job',
    description: 'Shows how a background job is and the latest of its output.',
    input: z.strictObject({ job_id: id }),
    effect: 'read',
    annotations: { title: 'View a background job', read_only: true, ...hints },
    async execute({ job_id }, context) {
      const job = jobs.get(ownerOf(context), job_id)
      if (!job) return unknownJob(job_id)
      return textResult(`${describeJob(job)}\n\n${job.output.text() || '(no output)'}`)
    },
  })
}

function stopJob(jobs: BackgroundJobs): Tool {
  return defineTool({
    name: 'stop_background_job',
    description: 'Stops a background job and all that it started.',
    input: z.strictObject({ job_id: id }),
    effect: 'idempotent',
    // It ends only what an approved call of this conversation began.
    harmless: true,
    annotations: { title: 'Stop a background job', read_only: false, ...hints },
    async execute({ job_id }, context) {
      const job = jobs.get(ownerOf(context), job_id)
      if (!job) return unknownJob(job_id)
      await jobs.stop(ownerOf(context), job_id)
      return textResult(describeJob(job))
    },
  })
}

function ownerOf({ tenant, sessionId }: JobOwner): JobOwner {
  return { tenant, sessionId }
}

function unknownJob(id: string): ToolOutcome {
  return errorResult(`There is no job ${id}; list_background_jobs shows the ids.`)
}

function describeJob({ id, command, startedAt, end }: Job): string {
  const state = end === null ? 'running' : describeEnd(end)
  const shown = command.length > 200 ? `${command.slice(0, 200)}…` : command
  return `${id} [${state}, started ${new Date(startedAt).toISOString()}] ${shown}`
}
