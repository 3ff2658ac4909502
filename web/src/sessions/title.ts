import type { Session } from 'parley-client'

export function titleOf({ title, external_id }: Pick<Session, 'title' | 'external_id'>): string {
  return title ?? external_id ?? 'New conversation'
}
