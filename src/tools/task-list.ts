export type Task = {
  id: string
  title: string
  description: string
  priority: TaskPriority
  status: TaskStatus
  /** Tasks that have to be done before it. */
  dependsOn: string[]
  /** The call that made it: the same call again makes nothing new. */
  callId: string
}

export const taskPriorities = ['low', 'medium', 'high', 'critical'] as const
export type TaskPriority = (typeof taskPriorities)[number]
export const taskStatuses = ['pending', 'in_progress', 'done'] as const
export type TaskStatus = (typeof taskStatuses)[number]

/** Throws an Error that says how to go on when there is no such task. */
export function findTask(tasks: Task[], id: string): Task {
  const task = tasks.find((candidate) => candidate.id === id)
  if (task) return task
  throw new Error(`There is no task ${id}; list_tasks shows the ids. Nothing was changed.`)
}

/** The tasks that one still waits for. */
export function blockersOf(tasks: Task[], task: Task): Task[] {
  return tasks.filter(({ id, status }) => status !== 'done' && task.dependsOn.includes(id))
}

/** What to work on: what was begun, else what waits for nothing; the most urgent, the oldest first. */
export function nextTask(tasks: Task[]): Task | undefined {
  const ready = tasks.filter((task) => task.status !== 'done' && isUnblocked(tasks, task))
  return ready.toSorted((a, b) => rank(b) - rank(a))[0]
}

/** Throws an Error when one of the two is not there or they would wait for each other. */
export function addDependency(tasks: Task[], id: string, on: string): Task[] {
  const task = findTask(tasks, id)
  findTask(tasks, on)
  if (task.dependsOn.includes(on)) return tasks
  const circle = wayTo(tasks, on, id)
  if (circle) {
    throw new Error(
      `${id} cannot depend on ${on}: they would wait for each other (${[id, ...circle].join(' → ')}). Nothing was changed.`,
    )
  }
  return change(tasks, id, { dependsOn: [...task.dependsOn, on] })
}

export function removeTask(tasks: Task[], id: string): Task[] {
  return tasks
    .filter((task) => task.id !== id)
    .map((task) => ({ ...task, dependsOn: task.dependsOn.filter((other) => other !== id) }))
}

export function change(tasks: Task[], id: string, fields: Partial<Task>): Task[] {
  return tasks.map((task) => (task.id === id ? { ...task, ...fields } : task))
}

export function describeTask(tasks: Task[], task: Task): string {
  const { id, title, priority, status, description } = task
  const blockers = blockersOf(tasks, task).map((blocker) => blocker.id)
  const waits = status !== 'done' && blockers.length > 0 ? `, waits for ${blockers.join(', ')}` : ''
  const line = `${id} [${status}, ${priority}${waits}] ${title}`
  return description === '' ? line : `${line}\n  ${description.replaceAll('\n', '\n  ')}`
}

function isUnblocked(tasks: Task[], task: Task): boolean {
  return blockersOf(tasks, task).length === 0
}

function rank({ status, priority }: Task): number {
  const begun = status === 'in_progress' ? taskPriorities.length : 0
  return begun + taskPriorities.indexOf(priority)
}

/** The chain of dependencies from one task to another; null when there is none. */
function wayTo(tasks: Task[], from: string, to: string): string[] | null {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const cameFrom = new Map<string, string | null>([[from, null]])
  const open = [from]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return wayBack(cameFrom, id)
    for (const next of byId.get(id)?.dependsOn ?? []) {
      if (cameFrom.has(next)) continue
      cameFrom.set(next, id)
      open.push(next)
    }
  }
  return null
}

function wayBack(cameFrom: Map<string, string | null>, end: string): string[] {
  const way: string[] = []
  for (let id: string | null | undefined = end; id; id = cameFrom.get(id)) way.unshift(id)
  return way
}
