import type { Session } from '#contract/session.ts'
import { during, findSession, notFound } from './cagent-failure.ts'
import { readPermissions, readTemplate, readTitle } from './cagent-requests.ts'
import { toDetail, toListItem, toSessionObject } from './cagent-shapes.ts'
import { readTranscript } from './cagent-transcript.ts'
import { type Answer, type Call, json } from './dialect.ts'

/** Its list has no pages; sessions that nobody used for longest are left out where there are more. */
export async function listSessions({ house }: Call): Promise<Answer> {
  const sessions = await house.sessions.all()
  const counts = await house.sessions.countMessages(sessions.map(({ id }) => id))
  const newestFirst = sessions.toSorted((a, b) => b.created_at.localeCompare(a.created_at))
  return json(newestFirst.map((session) => toListItem(session, counts.get(session.id) ?? 0)))
}

export async function createSession({ body, house }: Call): Promise<Answer> {
  const { working_dir, ...template } = readTemplate(await body())
  const session = await during('failed to create session', async () =>
    house.sessions.create({
      ...template,
      ...(working_dir !== undefined && { working_dir: house.sessions.workingDir(working_dir) }),
    }),
  )
  return json(toSessionObject(session, []))
}

export async function showSession(call: Call): Promise<Answer> {
  const session = await findSession(call)
  return json(toDetail(session, await readTranscript(call.house, session.id)))
}

export async function deleteSession({ params, house }: Call): Promise<Answer> {
  return during('failed to delete session', async () => {
    if (!(await house.sessions.remove(params.id ?? ''))) throw notFound(params.id)
    return json({ message: 'session deleted' })
  })
}

export async function rename(call: Call): Promise<Answer> {
  const title = readTitle(await call.body())
  const { id } = await update(call, 'failed to update session title', { title })
  return json({ id, title })
}

export async function setPermissions(call: Call): Promise<Answer> {
  const permissions = readPermissions(await call.body())
  await update(call, 'failed to update session permissions', { permissions })
  return json({ message: 'session permissions updated' })
}

function update(
  { params, house }: Call,
  failing: string,
  patch: Parameters<Call['house']['sessions']['update']>[1],
): Promise<Session> {
  return during(failing, async () => {
    const session = await house.sessions.update(params.id ?? '', patch)
    if (!session) throw notFound(params.id)
    return session
  })
}

export async function toggle({ params, house }: Call, setting: 'tools_approved' | 'thinking') {
  return during('failed to toggle the session', async () => {
    const value = await house.sessions.toggle(params.id ?? '', setting)
    if (value === null) throw notFound(params.id)
    return json(null)
  })
}
