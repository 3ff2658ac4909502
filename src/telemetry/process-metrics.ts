import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Instruments } from './instruments.ts'

/** Milliseconds between the timers whose lateness is measured. */
const resolution = 50

/** How the process is, under the names that dashboards for Node look for. Answers what ends it. */
export function addProcessMetrics(
  { gauge }: Instruments,
  { version }: { version: string },
): () => void {
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  let lastUtilization = performance.eventLoopUtilization()
  const began = (Date.now() - performance.now()) / 1000

  gauge({
    name: 'parley_build_info',
    help: 'Always 1; its labels say what runs.',
    labels: ['version', 'node'],
    read: () => [[1, version, process.version]],
  })
  gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late timers were since the last look, by quantile.',
    labels: ['quantile'],
    read() {
      const read = [0.5, 0.9, 0.99].map(
        (quantile) => [lateness(delay.percentile(quantile * 100)), String(quantile)] as const,
      )
      const most = [lateness(delay.max), '1'] as const
      delay.reset()
      return [...read, most]
    },
  })
  gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'The share of time that the event loop was busy since the last look.',
    read() {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, lastUtilization)
      lastUtilization = now
      return [[Number.isFinite(utilization) ? utilization : 0]]
    },
  })
  gauge({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the process, in user and system mode.',
    counts: true,
    read() {
      const { user, system } = process.cpuUsage()
      return [[(user + system) / 1_000_000]]
    },
  })
  gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process.',
    read: () => [[process.memoryUsage.rss()]],
  })
  gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'Objects of JavaScript.',
    read: () => [[getHeapStatistics().used_heap_size]],
  })
  gauge({
    name: 'nodejs_heap_limit_bytes',
    help: 'What the objects of JavaScript may take before the process ends.',
    read: () => [[getHeapStatistics().heap_size_limit]],
  })
  gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors, where the system tells.',
    read: openFiles,
  })
  gauge({
    name: 'process_start_time_seconds',
    help: 'When the process began, in seconds since the epoch.',
    read: () => [[began]],
  })
  return () => delay.disable()
}

function openFiles(): [number][] {
  try {
    return [[readdirSync('/proc/self/fd').length]]
  } catch {
    return []
  }
}

/** What is measured is the time between two timers; without a measurement it is no number. */
function lateness(nanoseconds: number): number {
  const seconds = Number.isFinite(nanoseconds) ? nanoseconds / 1e9 - resolution / 1000 : 0
  return Math.max(0, seconds)
}
