import type { Scope } from '#store/scope.ts'

/** In whose name something is made: an admin sees all owners, and acts as one. */
export function actorOf({ actor, owner }: Scope): string {
  return actor ?? owner ?? 'local'
}
